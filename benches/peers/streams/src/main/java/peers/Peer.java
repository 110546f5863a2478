package peers;

import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;

/**
 * The example workflows in Java. pipe is a filter of JSON lines, engine prints the microseconds of CPU that an event takes,
 * kafka carries events from topic to topic by Kafka Streams.
 */
public final class Peer {
    private static final String USAGE =
            "usage: peer pipe WORKFLOW | engine WORKFLOW EVENTS SECONDS | kafka WORKFLOW BROKERS SOURCE SINK GROUP";
    /** The JVM has compiled what is hot by then. */
    private static final double WARM_UP_SECONDS = 5;

    private Peer() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length < 2) {
            throw new IllegalArgumentException(USAGE);
        }
        Workflow workflow = Workflow.named(arguments[1]);
        switch (arguments[0] + arguments.length) {
            case "pipe2" -> pipe(workflow);
            case "engine4" -> engine(workflow, Path.of(arguments[2]), Double.parseDouble(arguments[3]));
            case "kafka6" -> kafka(workflow, arguments[2], arguments[3], arguments[4], arguments[5]);
            default -> throw new IllegalArgumentException(USAGE);
        }
    }

    private static void pipe(Workflow workflow) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            out.write(workflow.run(line.getBytes(StandardCharsets.UTF_8)));
            out.write('\n');
        }
        out.flush();
    }

    private static void engine(Workflow workflow, Path file, double seconds) throws IOException {
        List<byte[]> events =
                Files.readAllLines(file).stream().map(line -> line.getBytes(StandardCharsets.UTF_8)).toList();
        rounds(workflow, events, WARM_UP_SECONDS);
        long before = cpuNanos();
        long count = rounds(workflow, events, seconds);
        System.out.printf("%.3f%n", (cpuNanos() - before) / 1000.0 / count);
    }

    /** Runs all events again and again for about this time; how many. */
    private static long rounds(Workflow workflow, List<byte[]> events, double seconds) {
        long began = System.nanoTime();
        long count = 0;
        long bytes = 0;
        while (System.nanoTime() - began < seconds * 1e9) {
            for (byte[] event : events) {
                bytes += workflow.run(event).length;
            }
            count += events.size();
        }
        // Otherwise nobody would look at the outputs.
        if (bytes == 0) {
            throw new IllegalStateException("no output");
        }
        return count;
    }

    /** Time of all threads on a processor: what the garbage collector takes belongs to it. */
    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    /** At least once, by the defaults of Kafka Streams but for larger batches. */
    private static void kafka(Workflow workflow, String brokers, String source, String sink, String group) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        properties.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
        properties.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        properties.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 1_000_000);
        properties.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 128L << 20);
        StreamsBuilder builder = new StreamsBuilder();
        // One stream thread, so one workflow is enough.
        builder.<byte[], byte[]>stream(source).mapValues(event -> workflow.run(event)).to(sink);
        KafkaStreams streams = new KafkaStreams(builder.build(), properties);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
