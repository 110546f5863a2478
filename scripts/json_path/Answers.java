import com.fasterxml.jackson.databind.ObjectMapper;
import com.jayway.jsonpath.Configuration;
import com.jayway.jsonpath.InvalidPathException;
import com.jayway.jsonpath.JsonPath;
import com.jayway.jsonpath.PathNotFoundException;
import com.jayway.jsonpath.spi.json.JacksonJsonProvider;
import com.jayway.jsonpath.spi.mapper.JacksonMappingProvider;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;

/** Draws paths and inputs from a seed, and prints for each pair what json-path makes of it: a JSON object per line. */
public final class Answers {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final JacksonJsonProvider PROVIDER = new JacksonJsonProvider();
    private static final Configuration CONFIGURATION =
            Configuration.builder().jsonProvider(PROVIDER).mappingProvider(new JacksonMappingProvider()).build();

    /** Stands for a filter that a program passes. */
    private static final Pattern PLACEHOLDER = Pattern.compile("\\[\\s*\\?[,\\s*?]*]");

    private final Random random;

    private Answers(long seed) {
        random = new Random(seed);
    }

    public static void main(String[] arguments) throws Exception {
        Answers answers = new Answers(Long.parseLong(arguments[0]));
        int pairs = Integer.parseInt(arguments[1]);
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        for (int i = 0; i < pairs; i++) {
            if (i % 500 == 0) {
                forget();
            }
            String path = answers.path();
            while (PLACEHOLDER.matcher(path).find()) {
                path = answers.path();
            }
            String input = answers.value(4);
            Map<String, Object> line = new HashMap<>();
            line.put("path", path);
            line.put("input", input);
            line.put("answer", answer(path, input));
            out.println(MAPPER.writeValueAsString(line));
        }
        out.flush();
    }

    /** Empties the library's cache of paths, whose list of keys only grows and is searched from its beginning. */
    private static void forget() throws ReflectiveOperationException {
        Field field = Class.forName("com.jayway.jsonpath.internal.PathCompiler").getDeclaredField("cache");
        field.setAccessible(true);
        Object cache = field.get(null);
        for (String part : new String[] {"map", "queue"}) {
            Field content = cache.getClass().getDeclaredField(part);
            content.setAccessible(true);
            Object container = content.get(cache);
            container.getClass().getMethod("clear").invoke(container);
        }
    }

    private static Object answer(String path, String input) {
        JsonPath compiled;
        try {
            compiled = JsonPath.compile(path);
        } catch (RuntimeException refused) {
            return "refused";
        }
        try {
            Object value = compiled.read(PROVIDER.parse(input), CONFIGURATION);
            Map<String, Object> found = new HashMap<>();
            found.put("value", value);
            return found;
        } catch (PathNotFoundException missing) {
            return Map.of("missing", missing.getMessage());
        } catch (InvalidPathException invalid) {
            return Map.of("invalid", invalid.getMessage());
        } catch (IllegalArgumentException nullRoot) {
            boolean isNullRoot = "root can not be null".equals(nullRoot.getMessage());
            return isNullRoot ? Map.of("missing", nullRoot.getMessage()) : "fails";
        } catch (RuntimeException accident) {
            return "fails";
        }
    }

    private String one(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private String path() {
        StringBuilder path = new StringBuilder("$");
        for (int steps = random.nextInt(5) + (random.nextInt(20) == 0 ? 0 : 1); steps > 0; steps--) {
            path.append(step());
        }
        for (int slips = random.nextInt(4) == 0 ? 1 + random.nextInt(2) : 0; slips > 0 && path.length() > 1; slips--) {
            slip(path);
        }
        return path.toString();
    }

    /** A slip of the pen behind the `$`. */
    private void slip(StringBuilder path) {
        int at = 1 + random.nextInt(path.length() - 1);
        char c = "$@.[]()'\"?*,:-+0159 abi!=<>~/&|\\\t\u00e9".charAt(random.nextInt(34));
        switch (random.nextInt(4)) {
            case 0: path.deleteCharAt(at); break;
            case 1: path.setCharAt(at, c); break;
            case 2: path.insert(at, path.charAt(at)); break;
            default: path.insert(at, c);
        }
    }

    private String step() {
        switch (random.nextInt(16)) {
            case 0: case 1: case 2: return "." + name();
            case 3: return "['" + name() + "']";
            case 4: return "[" + index() + "]";
            case 5: return one("[*]", ".*", "[*]", ".[*]");
            case 6: return ".." + one(name(), "*", "[" + index() + "]", "['" + name() + "']", "[?(" + filter() + ")]");
            case 7: return "[" + one("", index()) + ":" + one("", index()) + "]";
            case 8: return "[" + index() + one(",", ", ") + index() + "]";
            case 9: return "['" + name() + one("','", "', '", "' , '") + name() + "']";
            case 10: return one("[(@.length-", "[(@.size()-", "[(@.length - ", "[(@.length- ") + random.nextInt(4) + ")]";
            case 11: return one(".length()", ".sum()", "." + name() + "()", "[ '" + name() + "' ]", "[\"" + name() + "\"]",
                    ".['" + name() + "']", name(), "$", "*", "[ " + index() + " ]", "[*", "[1:2:1]", "[1,2:3]");
            default: return "[?(" + filter() + ")]";
        }
    }

    private String filter() {
        StringBuilder filter = new StringBuilder(criterion());
        for (int more = random.nextInt(3) == 0 ? 1 + random.nextInt(2) : 0; more > 0; more--) {
            filter.append(one(" && ", " || ", "&&", "||")).append(criterion());
        }
        return filter.toString();
    }

    private String criterion() {
        String criterion;
        switch (random.nextInt(5)) {
            case 0: criterion = inner(); break;
            case 1: criterion = "!" + inner(); break;
            default: criterion = operand() + one(" ", "") + one("==", "!=", "<", "<=", ">", ">=", "==", "=~", " in ") + one(" ", "")
                    + operand();
        }
        return random.nextInt(8) == 0 ? "(" + criterion + ")" : criterion;
    }

    private String inner() {
        StringBuilder path = new StringBuilder(one("@", "@", "@", "@", "$"));
        for (int steps = one("0", "1", "1", "1", "2", "3").charAt(0) - '0'; steps > 0; steps--) {
            path.append(random.nextInt(4) == 0 ? step() : one("." + name(), "['" + name() + "']", "[" + index() + "]"));
        }
        return path.toString();
    }

    private String operand() {
        switch (random.nextInt(8)) {
            case 0: case 1: case 2: case 3: return inner();
            case 4: return one("1", "2", "1.0", "0.5", "-1", "1e1", "10", "green", "null", "true", "false", "");
            case 5: return one("'1'", "'x'", "'green'", "'it\\'s'", "'null'", "'a==b'", "'a && b'", "\"x\"", "'", "'true'");
            case 6: return one("/x/", "/gr.*/", "/GREEN/i", "/[0-9]+/", "/\\d\\.\\d/", "/", "/i", "/.*/x");
            default: return one("1", "'x'");
        }
    }

    private String name() {
        return one("a", "b", "c", "list", "a", "b", "it", "x y", "a-1", "a.b", "it's", "1", "é");
    }

    private String index() {
        return String.valueOf(random.nextInt(3) == 0 ? random.nextInt(9) - 4 : random.nextInt(3));
    }

    private String value(int depth) {
        int kind = random.nextInt(depth > 0 ? 10 : 4);
        if (kind < 4) {
            return scalar();
        }
        StringBuilder text = new StringBuilder(kind < 7 ? "{" : "[");
        java.util.Set<String> names = new java.util.HashSet<>();
        for (int children = random.nextInt(5); children > 0; children--) {
            String name = one("a", "b", "c", "list", "it", "x y", "a-1", "1", "a.b", "é");
            if (kind < 7 && !names.add(name)) {
                continue;
            }
            text.append(text.length() > 1 ? "," : "").append(kind < 7 ? "\"" + name + "\":" : "").append(value(depth - 1));
        }
        return text.append(kind < 7 ? "}" : "]").toString();
    }

    private String scalar() {
        return one("0", "1", "2", "10", "-1", "0.5", "1.0", "1.10", "1e1", "12345678901234567890", "1e-7", "true", "false", "null",
                "\"\"", "\"1\"", "\"x\"", "\"green\"", "\"it's\"", "\"null\"", "\"true\"", "\"a==b\"");
    }
}
