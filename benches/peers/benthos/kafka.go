package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/twmb/franz-go/pkg/kgo"

	// The processors mapping and mutation.
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
)

const (
	// Records of a batch at most.
	batchRecords = 1000
	// Batches that are on their way to the sink at a time.
	maxInFlight = 10
	// Where a message keeps the key of its record.
	keyMeta = "kafka_key"
)

// kafka runs a stream, at least once: a record is committed when it and all before it are acknowledged.
func kafka(flow workflow, brokers, source, sink, group string) error {
	err := service.RegisterBatchInput("source", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Resources) (service.BatchInput, error) {
			return service.AutoRetryNacksBatched(&input{brokers: brokers, topic: source, group: group}), nil
		})
	if err != nil {
		return err
	}
	err = service.RegisterBatchOutput("sink", service.NewConfigSpec(),
		func(*service.ParsedConfig, *service.Resources) (service.BatchOutput, service.BatchPolicy, int, error) {
			return &output{brokers: brokers, topic: sink}, service.BatchPolicy{}, maxInFlight, nil
		})
	if err != nil {
		return err
	}
	quoted, err := json.Marshal(flow.source)
	if err != nil {
		return err
	}
	builder := service.NewStreamBuilder()
	config := fmt.Sprintf(`
input: {source: {}}
pipeline: {processors: [{%s: %s}]}
output: {sink: {}}
logger: {level: WARN}
`, flow.processor, quoted)
	if err := builder.SetYAML(config); err != nil {
		return err
	}
	stream, err := builder.Build()
	if err != nil {
		return err
	}
	return stream.Run(context.Background())
}

// input gives what a poll of a consumer brings as a batch.
type input struct {
	brokers, topic, group string
	client                *kgo.Client

	mutex sync.Mutex
	// Batches in the order in which they were read, from the first that is not done.
	reading []*batch
}

type batch struct {
	records []*kgo.Record
	done    bool
}

func (in *input) Connect(context.Context) (err error) {
	in.client, err = kgo.NewClient(
		kgo.SeedBrokers(in.brokers),
		kgo.ConsumerGroup(in.group),
		kgo.ConsumeTopics(in.topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.AutoCommitMarks(),
	)
	return err
}

func (in *input) ReadBatch(ctx context.Context) (service.MessageBatch, service.AckFunc, error) {
	fetches := in.client.PollRecords(ctx, batchRecords)
	if err := fetches.Err(); err != nil {
		return nil, nil, err
	}
	read := &batch{records: fetches.Records()}
	in.mutex.Lock()
	in.reading = append(in.reading, read)
	in.mutex.Unlock()
	messages := make(service.MessageBatch, len(read.records))
	for i, record := range read.records {
		messages[i] = service.NewMessage(record.Value)
		messages[i].MetaSetMut(keyMeta, record.Key)
	}
	return messages, func(context.Context, error) error {
		in.complete(read)
		return nil
	}, nil
}

// complete marks what may be committed: batches are acknowledged in any order.
func (in *input) complete(acknowledged *batch) {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	acknowledged.done = true
	for len(in.reading) > 0 && in.reading[0].done {
		in.client.MarkCommitRecords(in.reading[0].records...)
		in.reading = in.reading[1:]
	}
}

func (in *input) Close(context.Context) error {
	in.client.Close()
	return nil
}

// output writes a batch and waits until the broker has acknowledged it.
type output struct {
	brokers, topic string
	client         *kgo.Client
}

func (out *output) Connect(context.Context) (err error) {
	out.client, err = kgo.NewClient(
		kgo.SeedBrokers(out.brokers),
		kgo.DefaultProduceTopic(out.topic),
		kgo.ProducerLinger(5*time.Millisecond),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.MaxBufferedRecords(maxInFlight*batchRecords),
	)
	return err
}

func (out *output) WriteBatch(ctx context.Context, messages service.MessageBatch) error {
	records := make([]*kgo.Record, len(messages))
	for i, message := range messages {
		if err := message.GetError(); err != nil {
			return err
		}
		value, err := message.AsBytes()
		if err != nil {
			return err
		}
		key, _ := message.MetaGetMut(keyMeta)
		bytes, _ := key.([]byte)
		records[i] = &kgo.Record{Key: bytes, Value: value}
	}
	return out.client.ProduceSync(ctx, records...).FirstErr()
}

func (out *output) Close(context.Context) error {
	out.client.Close()
	return nil
}
