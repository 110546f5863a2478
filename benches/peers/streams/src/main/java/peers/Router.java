package peers;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** config/workflows/router.asl.json: the route goes in front of the closing brace of the event, which stays as it came. */
final class Router extends Workflow {
    private static final byte[] CANCELLATIONS = route("cancellations", 15);
    private static final byte[] SERVICE_DESK = route("service-desk", 480);
    private static final byte[] REVIEW = route("review", 120);
    private static final byte[] PRIORITY = route("priority", 30);
    private static final byte[] STANDARD = route("standard", 240);

    private static byte[] route(String queue, int minutes) {
        String text = ",\"route\":{\"queue\":\"%s\",\"withinMinutes\":%d}}".formatted(queue, minutes);
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    void run(byte[] event, ByteArrayOutputStream output) throws IOException {
        String type = null;
        String tier = null;
        double total = 0;
        try (JsonParser in = JSON.createParser(event)) {
            in.nextToken();
            while (in.nextToken() != JsonToken.END_OBJECT) {
                String name = in.currentName();
                in.nextToken();
                switch (name) {
                    case "type" -> type = in.getText();
                    case "tier" -> tier = in.getText();
                    case "total" -> total = in.getDoubleValue();
                    case "route" -> throw new IOException("the order has a route already");
                    default -> in.skipChildren();
                }
            }
            output.write(event, 0, (int) in.currentTokenLocation().getByteOffset());
        }
        output.write(route(type, tier, total));
    }

    private static byte[] route(String type, String tier, double total) {
        if (type.equals("order.cancelled")) {
            return CANCELLATIONS;
        }
        if (!type.equals("order.placed")) {
            return SERVICE_DESK;
        }
        if (tier.equals("gold")) {
            return PRIORITY;
        }
        if (total >= 1000) {
            return REVIEW;
        }
        return tier.equals("silver") && total >= 250 ? PRIORITY : STANDARD;
    }
}
