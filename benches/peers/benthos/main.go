// The example workflows as Bloblang mappings. pipe is a filter of JSON lines, engine prints the microseconds of CPU that an
// event takes on one thread, kafka carries events from topic to topic as a Benthos stream.
package main

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"log"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
	"github.com/redpanda-data/benthos/v4/public/service"
)

//go:embed router.blobl
var router string

//go:embed order.blobl
var order string

// workflow is a mapping and the processor that runs it: mutation changes the event, mapping makes a new document.
type workflow struct{ processor, source string }

var workflows = map[string]workflow{
	"router": {"mutation", router},
	"order":  {"mapping", order},
}

var errUsage = errors.New(
	"usage: peer-benthos pipe WORKFLOW | engine WORKFLOW EVENTS SECONDS | kafka WORKFLOW BROKERS SOURCE SINK GROUP")

func main() {
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(arguments []string) error {
	if len(arguments) < 2 {
		return errUsage
	}
	flow, known := workflows[arguments[1]]
	if !known {
		return fmt.Errorf("no workflow %s", arguments[1])
	}
	rest := arguments[2:]
	switch {
	case arguments[0] == "pipe" && len(rest) == 0:
		return pipe(flow)
	case arguments[0] == "engine" && len(rest) == 2:
		return engine(flow, rest[0], rest[1])
	case arguments[0] == "kafka" && len(rest) == 4:
		return kafka(flow, rest[0], rest[1], rest[2], rest[3])
	}
	return errUsage
}

// compile gives the function that the processor would call for each event.
func (flow workflow) compile() (func([]byte) ([]byte, error), error) {
	mapping, err := bloblang.Parse(flow.source)
	if err != nil {
		return nil, err
	}
	return func(event []byte) ([]byte, error) {
		message := service.NewMessage(event)
		if flow.processor == "mutation" {
			message, err = message.BloblangMutate(mapping)
		} else {
			message, err = message.BloblangQuery(mapping)
		}
		if err != nil {
			return nil, err
		}
		return message.AsBytes()
	}, nil
}

func pipe(flow workflow) error {
	transform, err := flow.compile()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		output, err := transform(bytes.Clone(lines.Bytes()))
		if err != nil {
			return err
		}
		out.Write(append(output, '\n'))
	}
	return errors.Join(lines.Err(), out.Flush())
}

// engine takes a second to warm up, then the seconds that count.
func engine(flow workflow, file, seconds string) error {
	runtime.GOMAXPROCS(1)
	transform, err := flow.compile()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	duration, err := strconv.ParseFloat(seconds, 64)
	if err != nil {
		return err
	}
	events := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if _, err := rounds(transform, events, time.Second); err != nil {
		return err
	}
	before := cpu()
	count, err := rounds(transform, events, time.Duration(duration*float64(time.Second)))
	if err != nil {
		return err
	}
	fmt.Printf("%.3f\n", (cpu()-before).Seconds()*1e6/float64(count))
	return nil
}

// rounds runs all events again and again for about this time; how many.
func rounds(transform func([]byte) ([]byte, error), events [][]byte, duration time.Duration) (int, error) {
	count := 0
	for began := time.Now(); time.Since(began) < duration; count += len(events) {
		for _, event := range events {
			if _, err := transform(event); err != nil {
				return 0, err
			}
		}
	}
	return count, nil
}

// cpu is the time of all threads on a processor: what the garbage collector takes belongs to it.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
