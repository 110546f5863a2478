package peers;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.StreamWriteFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A workflow over streaming Jackson, the fastest way that Jackson has. For one thread. */
abstract class Workflow {
    static final JsonFactory JSON = new JsonFactoryBuilder()
            .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
            .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
            .build();

    private final ByteArrayOutputStream buffer = new ByteArrayOutputStream(4096);

    static Workflow named(String name) {
        return switch (name) {
            case "router" -> new Router();
            case "order" -> new Order();
            default -> throw new IllegalArgumentException("no workflow " + name);
        };
    }

    /** The output of an event. */
    byte[] run(byte[] event) {
        buffer.reset();
        try {
            run(event, buffer);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return buffer.toByteArray();
    }

    abstract void run(byte[] event, ByteArrayOutputStream output) throws IOException;
}
