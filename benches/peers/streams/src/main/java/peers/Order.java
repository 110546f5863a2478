package peers;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** config/workflows/order.asl.json: an event becomes an answer that is accepted, on hold or cancelled. */
final class Order extends Workflow {
    @Override
    void run(byte[] event, ByteArrayOutputStream output) throws IOException {
        try (JsonParser in = JSON.createParser(event); JsonGenerator out = JSON.createGenerator(output)) {
            in.nextToken();
            write(Event.read(in), out);
        }
    }

    private static void write(Event event, JsonGenerator out) throws IOException {
        out.writeStartObject();
        out.writeStringField("orderId", event.id);
        if (event.type.equals("order.cancelled")) {
            writeHead(event, "CANCELLED", out);
        } else if (event.isDoubtful()) {
            writeHead(event, "ON_HOLD", out);
            out.writeNumberField("total", event.total);
        } else {
            writeHead(event, "ACCEPTED", out);
            out.writeStringField("placedAt", event.placedAt);
            writeShipment(event, out);
            writeInvoice(event, out);
        }
        out.writeEndObject();
    }

    private static void writeHead(Event event, String status, JsonGenerator out) throws IOException {
        out.writeStringField("status", status);
        out.writeStringField("reference", event.customerId + "/" + event.id);
        out.writeObjectFieldStart("customer");
        out.writeStringField("id", event.customerId);
        out.writeStringField("email", event.email);
        out.writeStringField("tier", event.tier);
        out.writeEndObject();
    }

    private static void writeShipment(Event event, JsonGenerator out) throws IOException {
        out.writeObjectFieldStart("shipment");
        out.writeStringField("id", "SHP-" + event.id);
        event.shipping.write("to", out);
        out.writeBooleanField("express", event.express);
        out.writeArrayFieldStart("skus");
        for (Line line : event.lines) {
            out.writeString(line.sku);
        }
        out.writeEndArray();
        out.writeEndObject();
    }

    private static void writeInvoice(Event event, JsonGenerator out) throws IOException {
        out.writeObjectFieldStart("invoice");
        out.writeStringField("id", "INV-" + event.id);
        event.billing.write("to", out);
        out.writeNumberField("amount", event.total);
        out.writeStringField("currency", event.currency);
        out.writeArrayFieldStart("lines");
        int index = 0;
        for (Line line : event.lines) {
            line.write(event.id + "-" + index++, out);
        }
        out.writeEndArray();
        out.writeEndObject();
    }

    /** What is read of an event. */
    private static final class Event {
        private String id;
        private String type;
        private String tier;
        private String customerId;
        private String email;
        private String currency;
        private final List<Line> lines = new ArrayList<>();
        private Address shipping;
        private Address billing;
        private double total;
        private boolean express;
        private boolean suspicious;
        private String placedAt;

        static Event read(JsonParser in) throws IOException {
            Event event = new Event();
            while (in.nextToken() != JsonToken.END_OBJECT) {
                String name = in.currentName();
                in.nextToken();
                switch (name) {
                    case "id" -> event.id = in.getText();
                    case "type" -> event.type = in.getText();
                    case "tier" -> event.tier = in.getText();
                    case "customer" -> event.readCustomer(in);
                    case "currency" -> event.currency = in.getText();
                    case "lines" -> event.readLines(in);
                    case "shipping" -> event.shipping = Address.read(in);
                    case "billing" -> event.billing = Address.read(in);
                    case "total" -> event.total = in.getDoubleValue();
                    case "flags" -> event.readFlags(in);
                    case "placedAt" -> event.placedAt = in.getText();
                    default -> in.skipChildren();
                }
            }
            return event;
        }

        private void readCustomer(JsonParser in) throws IOException {
            while (in.nextToken() != JsonToken.END_OBJECT) {
                String name = in.currentName();
                in.nextToken();
                switch (name) {
                    case "id" -> customerId = in.getText();
                    case "email" -> email = in.getText();
                    default -> in.skipChildren();
                }
            }
        }

        private void readLines(JsonParser in) throws IOException {
            while (in.nextToken() != JsonToken.END_ARRAY) {
                lines.add(Line.read(in));
            }
        }

        private void readFlags(JsonParser in) throws IOException {
            while (in.nextToken() != JsonToken.END_OBJECT) {
                String name = in.currentName();
                in.nextToken();
                switch (name) {
                    case "express" -> express = in.getBooleanValue();
                    case "suspicious" -> suspicious = in.getBooleanValue();
                    default -> in.skipChildren();
                }
            }
        }

        /** A person decides. */
        boolean isDoubtful() {
            return suspicious || (tier.equals("standard") && total > 2500) || lines.isEmpty();
        }
    }

    private static final class Line {
        private String sku;
        private int qty;
        private double price;
        private String category;

        static Line read(JsonParser in) throws IOException {
            Line line = new Line();
            while (in.nextToken() != JsonToken.END_OBJECT) {
                String name = in.currentName();
                in.nextToken();
                switch (name) {
                    case "sku" -> line.sku = in.getText();
                    case "qty" -> line.qty = in.getIntValue();
                    case "price" -> line.price = in.getDoubleValue();
                    case "category" -> line.category = in.getText();
                    default -> in.skipChildren();
                }
            }
            return line;
        }

        void write(String id, JsonGenerator out) throws IOException {
            out.writeStartObject();
            out.writeStringField("lineId", id);
            out.writeStringField("sku", sku);
            out.writeNumberField("qty", qty);
            out.writeNumberField("price", price);
            out.writeObjectFieldStart("tax");
            switch (category) {
                case "books", "food" -> writeTax("reduced", 0.07, out);
                case "giftcard" -> writeTax("exempt", 0, out);
                default -> writeTax("full", 0.19, out);
            }
            out.writeEndObject();
            out.writeEndObject();
        }

        private static void writeTax(String taxClass, double rate, JsonGenerator out) throws IOException {
            out.writeStringField("class", taxClass);
            out.writeNumberField("rate", rate);
        }
    }

    private static final class Address {
        private String name;
        private String street;
        private String city;
        private String zip;
        private String country;

        static Address read(JsonParser in) throws IOException {
            Address address = new Address();
            while (in.nextToken() != JsonToken.END_OBJECT) {
                String field = in.currentName();
                in.nextToken();
                switch (field) {
                    case "name" -> address.name = in.getText();
                    case "street" -> address.street = in.getText();
                    case "city" -> address.city = in.getText();
                    case "zip" -> address.zip = in.getText();
                    case "country" -> address.country = in.getText();
                    default -> in.skipChildren();
                }
            }
            return address;
        }

        void write(String field, JsonGenerator out) throws IOException {
            out.writeObjectFieldStart(field);
            out.writeStringField("name", name);
            out.writeStringField("street", street);
            out.writeStringField("city", city);
            out.writeStringField("zip", zip);
            out.writeStringField("country", country);
            out.writeEndObject();
        }
    }
}
