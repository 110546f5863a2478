package peers;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** config/workflows/router.asl.json: the event is copied while it is read, and its route comes behind it. */
final class Router extends Workflow {
    private record Route(String queue, int withinMinutes) {}

    private static final Route CANCELLATIONS = new Route("cancellations", 15);
    private static final Route SERVICE_DESK = new Route("service-desk", 480);
    private static final Route REVIEW = new Route("review", 120);
    private static final Route PRIORITY = new Route("priority", 30);
    private static final Route STANDARD = new Route("standard", 240);

    @Override
    void run(JsonParser in, JsonGenerator out) throws IOException {
        String type = null;
        String tier = null;
        double total = 0;
        in.nextToken();
        out.writeStartObject();
        while (in.nextToken() != JsonToken.END_OBJECT) {
            String name = in.currentName();
            in.nextToken();
            switch (name) {
                case "type" -> type = in.getText();
                case "tier" -> tier = in.getText();
                case "total" -> total = in.getDoubleValue();
                default -> { }
            }
            out.writeFieldName(name);
            out.copyCurrentStructure(in);
        }
        Route route = route(type, tier, total);
        out.writeObjectFieldStart("route");
        out.writeStringField("queue", route.queue);
        out.writeNumberField("withinMinutes", route.withinMinutes);
        out.writeEndObject();
        out.writeEndObject();
    }

    private static Route route(String type, String tier, double total) {
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
