use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

const MINIMAL: &str = r#"
[kafka]
bootstrap.servers = "localhost:9092"
[[pipeline]]
name = "orders"
sources = ["orders"]
workflow = "workflows/order.asl.json"
sink = "orders-results"
dead_letters = "orders-dead-letters"
"#;

fn parse(text: &str, environment: &Environment) -> Result<Config, ConfigErrors> {
    Config::parse(text, Path::new("conf/stepstream.toml"), environment)
}

fn valid(text: &str, environment: &Environment) -> Config {
    parse(text, environment).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Separates a configuration from what is said about it.
const SEPARATOR: &str = "\n=== says ===\n";

/// Each file of `mistakes/` holds a configuration, with `# env: NAME=value` for its environment, and what is said about it.
/// With UPDATE_GOLDEN set the second part is written again.
#[test]
fn mistakes_are_reported_as_in_the_golden_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/mistakes");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let golden = fs::read_to_string(&file).unwrap();
        let (text, expected) = golden.split_once(SEPARATOR).unwrap_or((&golden, ""));
        let mut environment = Environment::default();
        for (name, value) in text.lines().filter_map(|line| line.strip_prefix("# env: ")?.split_once('=')) {
            environment = environment.with(name, value);
        }
        let said = parse(text, &environment).expect_err(&file.to_string_lossy()).to_string();
        if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| !value.is_empty()) {
            fs::write(&file, format!("{}{SEPARATOR}{said}", text.trim_end())).unwrap();
        } else {
            assert_eq!(said, expected, "{}", file.display());
        }
    }
}

#[test]
fn a_minimal_file_gets_the_defaults() {
    let config = valid(MINIMAL, &Environment::default());
    assert_eq!(config.warnings, Vec::<String>::new());
    assert_eq!(config.http.listen.to_string(), crate::limits::HTTP_LISTEN);
    assert_eq!(config.engine.execution_timeout, Duration::from_secs(300));
    assert_eq!(config.engine.max_event_bytes, 262_144);
    let pipeline = &config.pipelines[0];
    assert_eq!(pipeline.workflow, Path::new("conf/workflows/order.asl.json"));
    assert_eq!(&*pipeline.workflow_name, "order");
    assert_eq!(pipeline.group, "stepstream-orders");
    assert_eq!(pipeline.failure_topic(), Some("orders-results"));
    assert_eq!(pipeline.start_from, StartFrom::Earliest);
    assert!(pipeline.shards >= 1);
    assert_eq!(pipeline.place.to_string(), "conf/stepstream.toml:4:1");
}

#[test]
fn kafka_properties_are_laid_over_each_other_from_general_to_special() {
    let text = format!(
        r#"{MINIMAL}
start_from = "latest"
on_out_of_range = "stop"
[pipeline.kafka]
fetch.max.bytes = 3
socket.keepalive.enable = true
[pipeline.kafka.producer]
linger.ms = 0.5
[kafka.consumer]
"fetch.max.bytes" = 2
fetch.min.bytes = 2
[kafka.producer]
linger.ms = 1
enable.idempotence = false
"#
    );
    let config = valid(&text, &Environment::default());
    let pipeline = &config.pipelines[0];
    for (name, value) in [
        ("bootstrap.servers", "localhost:9092"),
        ("fetch.max.bytes", "3"),
        ("fetch.min.bytes", "2"),
        ("socket.keepalive.enable", "true"),
        ("group.id", "stepstream-orders"),
        ("auto.offset.reset", "error"),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("partition.assignment.strategy", "cooperative-sticky"),
    ] {
        assert_eq!(pipeline.consumer.value(name), Some(value), "{name}");
    }
    for (name, value) in [
        ("linger.ms", Some("0.5")),
        ("enable.idempotence", Some("false")),
        ("message.timeout.ms", Some("0")),
        ("fetch.min.bytes", None),
    ] {
        assert_eq!(pipeline.producer.value(name), value, "{name}");
    }
    assert_eq!(pipeline.consumer.value("linger.ms"), None);
}

#[test]
fn clients_are_named_after_their_pipeline_unless_the_file_names_them() {
    let config = valid(MINIMAL, &Environment::default());
    let ids = |config: &Config| {
        let pipeline = &config.pipelines[0];
        [&pipeline.consumer, &pipeline.producer].map(|properties| properties.value("client.id").map(str::to_owned))
    };
    let name = Some("stepstream-orders".to_owned());
    assert_eq!(ids(&config), [name.clone(), name.clone()]);
    let named = valid(&format!("{MINIMAL}kafka.producer.client.id = \"mine\"\n"), &Environment::default());
    assert_eq!(ids(&named), [name, Some("mine".to_owned())]);
}

#[test]
fn the_broker_assigns_where_the_new_group_protocol_is_asked_for() {
    let text = MINIMAL.replace("[kafka]", "[kafka]\ngroup.protocol = \"consumer\"");
    let config = valid(&text, &Environment::default());
    assert_eq!(config.pipelines[0].consumer.value("partition.assignment.strategy"), None);
}

#[test]
fn environment_variables_override_the_file() {
    let environment = Environment::from([
        ("STEPSTREAM_KAFKA_BOOTSTRAP_SERVERS", "broker:1"),
        ("STEPSTREAM_KAFKA_CONSUMER_FETCH_MIN_BYTES", "7"),
        ("STEPSTREAM_HTTP_LISTEN", "localhost:1234"),
        ("STEPSTREAM_LOG_FORMAT", "json"),
        ("STEPSTREAM_ENGINE_EXECUTION_TIMEOUT", "7s"),
        ("STEPSTREAM_PIPELINE_ORDERS_SHARDS", "3"),
        ("STEPSTREAM_PIPELINE_ORDERS_SOURCES", "a, b"),
        ("STEPSTREAM_PIPELINE_ORDERS_FORWARD_HEADERS", "true"),
        ("STEPSTREAM_PIPELINE_ORDERS_KAFKA_PRODUCER_LINGER_MS", "9"),
        ("STEPSTREAM_UNRELATED", "ignored"),
    ]);
    let config = valid(MINIMAL, &environment);
    let pipeline = &config.pipelines[0];
    assert_eq!(pipeline.consumer.value("bootstrap.servers"), Some("broker:1"));
    assert_eq!(pipeline.consumer.value("fetch.min.bytes"), Some("7"));
    assert_eq!(pipeline.producer.value("linger.ms"), Some("9"));
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:1234");
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.engine.execution_timeout, Duration::from_secs(7));
    assert_eq!((pipeline.shards, pipeline.forward_headers), (3, true));
    assert_eq!(pipeline.sources, ["a", "b"]);
}

#[test]
fn strings_are_filled_in_from_the_environment() {
    let text = MINIMAL
        .replace("localhost:9092", "${HOST}:${PORT:-9092}")
        .replace("orders-results", "$${literal}-results".replace("$${literal}", "${PREFIX:-x}").as_str())
        + "shards = \"${SHARDS:-5}\"\n";
    let config = valid(&text, &Environment::from([("HOST", "h"), ("PREFIX", "")]));
    let pipeline = &config.pipelines[0];
    assert_eq!(pipeline.consumer.value("bootstrap.servers"), Some("h:9092"));
    assert_eq!(pipeline.sink.as_deref(), Some("x-results"));
    assert_eq!(pipeline.shards, 5);

    let escaped = environment::interpolate("a $${B} $c", &Environment::default()).unwrap();
    assert_eq!((escaped.text.as_str(), escaped.used_environment), ("a ${B} $c", false));
}

#[test]
fn secrets_never_show_in_debug_output_or_mistakes() {
    let text = format!(
        r#"{MINIMAL}
[[task]]
resource = "a"
connector = "http"
url = "http://user:hunter2@localhost/"
headers = {{ Authorization = {{ env = "TOKEN" }}, X-Key = "k ${{TOKEN}}", Cookie = "hunter2" }}
[kafka.producer]
sasl.password = "hunter2"
sasl.username = {{ env = "TOKEN" }}
"#
    );
    let environment = Environment::from([("TOKEN", "hunter2"), ("STEPSTREAM_KAFKA_SSL_KEY_PEM", "hunter2")]);
    let config = valid(&text, &environment);
    assert_eq!(config.pipelines[0].producer.value("sasl.password"), Some("hunter2"));
    let mut options = config.tasks[0].options(&config);
    let url = options.url("url", "").unwrap();
    let headers = options.headers("headers");
    let values: Vec<&str> = headers.iter().flat_map(|header| &header.value).map(Secret::expose).collect();
    assert_eq!(values, ["hunter2", "k hunter2", "hunter2"]);
    let text_of_name = options.text("connector");
    options.mistake("connector", "k hunter2", Some("hunter2".to_owned()));
    let findings = options.finish();
    let shown = format!("{config:?} {config:#?} {url} {headers:?} {text_of_name:?} {findings:?} {:?}", config.warnings);
    assert!(!shown.contains("hunter2"), "{shown}");

    let broken = text.replace("[kafka.producer]", "[http]\nlisten = { env = \"TOKEN\" }\n[kafka.producer]");
    let errors = parse(&broken, &environment).unwrap_err();
    assert!(errors.to_string().contains("can't be the value given"), "{errors}");
    assert!(!format!("{errors} {errors:?}").replace(&broken, "").contains("be `hunter2`"), "{errors}");
}

#[test]
fn what_is_probably_not_meant_is_a_warning_with_its_place() {
    let text = MINIMAL
        .replace("dead_letters = \"orders-dead-letters\"\n", "")
        .replace("[kafka]", "[http]\nlisten = \"0.0.0.0:9600\"\n[kafka]\nacks = 1");
    let warnings = valid(&text, &Environment::default()).warnings;
    let starts: Vec<&str> = warnings.iter().map(|warning| warning.rsplit_once(": ").unwrap().0).collect();
    assert_eq!(starts.len(), 3, "{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.starts_with("conf/stepstream.toml:3:10: `listen`")), "{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.contains("no `dead_letters`")), "{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.contains("`acks`")), "{warnings:?}");
}

#[test]
fn a_file_that_is_not_there_is_said_to_be_missing() {
    let errors = Config::load(Path::new("no/such/file.toml")).unwrap_err();
    assert!(errors.to_string().contains("no/such/file.toml"), "{errors}");
}

#[test]
fn load_looks_for_the_workflow_files() {
    let folder = std::env::temp_dir().join(format!("stepstream-config-{}", std::process::id()));
    fs::create_dir_all(folder.join("workflows")).unwrap();
    let file = folder.join("stepstream.toml");
    fs::write(&file, MINIMAL).unwrap();
    let errors = Config::load_with(&file, &Environment::default()).unwrap_err();
    assert_eq!(errors.mistakes()[0].place.as_ref().map(|place| place.line), Some(7), "{errors}");
    fs::write(folder.join("workflows/order.asl.json"), "{}").unwrap();
    Config::load_with(&file, &Environment::default()).unwrap();
    fs::remove_dir_all(folder).unwrap();
}

/// The file that explains every option.
const EXAMPLE: &str = include_str!("../../config/stepstream.toml");

#[test]
fn the_example_is_valid_without_warnings() {
    let config = valid(EXAMPLE, &Environment::default());
    assert_eq!(config.warnings, Vec::<String>::new());
    assert_eq!(config.pipelines[0].failure_topic(), Some("orders-failures"));
}

#[test]
fn the_defaults_that_the_example_shows_are_the_defaults() {
    let shown = uncommented(EXAMPLE);
    let names = ["KAFKA_PASSWORD", "CUSTOMER_TOKEN", "ORDERS_SECRET_KEY", "ORDERS_SESSION_TOKEN"];
    let environment = Environment::from(names.map(|name| (name, "x")));
    let (shown, plain) = (valid(&shown, &environment), valid(EXAMPLE, &environment));
    assert_eq!(shown.engine, plain.engine);
    assert_eq!(shown.http.listen, plain.http.listen);
    assert_eq!((shown.log.level, shown.log.format), (plain.log.level, plain.log.format));
    let settings = |pipeline: &Pipeline| {
        let Pipeline { group, max_in_flight, max_in_flight_bytes, max_uncommitted, .. } = pipeline;
        let Pipeline { max_concurrent_tasks, commit_interval, .. } = pipeline;
        let Pipeline { drain_timeout, revoke_timeout, start_from, result_headers, forward_headers, .. } = pipeline;
        let bounds = (group.clone(), *max_in_flight, *max_in_flight_bytes, *max_uncommitted, *max_concurrent_tasks);
        let Pipeline { state_metrics, log_executions, include_data, log_history, .. } = pipeline;
        let seen = (*state_metrics, *log_executions, *include_data, *log_history);
        let ends = (*start_from, *result_headers, *forward_headers);
        (bounds, (*commit_interval, *drain_timeout, *revoke_timeout), ends, seen)
    };
    assert_eq!(settings(&shown.pipelines[0]), settings(&plain.pipelines[0]));
    for name in [
        "fetch.queue.backoff.ms",
        "queued.min.messages",
        "queued.max.messages.kbytes",
        "statistics.interval.ms",
        "partition.assignment.strategy",
        "isolation.level",
    ] {
        assert_eq!(shown.pipelines[0].consumer.value(name), plain.pipelines[0].consumer.value(name), "{name}");
    }
    for name in [
        "enable.idempotence",
        "linger.ms",
        "batch.size",
        "batch.num.messages",
        "queue.buffering.max.messages",
        "partitioner",
        "message.timeout.ms",
    ] {
        assert_eq!(shown.pipelines[0].producer.value(name), plain.pipelines[0].producer.value(name), "{name}");
    }
}

/// The example with its options in comments switched on: those of one line, before the first further pipeline.
fn uncommented(text: &str) -> String {
    let is_option = |line: &str| {
        let name = line.split(" = ").next().unwrap_or_default();
        line.contains(" = ") && name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '.')
    };
    let mut lines = Vec::new();
    let mut in_further_pipelines = false;
    for line in text.lines() {
        in_further_pipelines |= line.starts_with("# [");
        in_further_pipelines &= line.starts_with('#');
        match line.strip_prefix("# ") {
            Some(option) if is_option(option) && !in_further_pipelines && !option.starts_with("headers") => {
                lines.push(option);
            }
            _ => lines.push(line),
        }
    }
    lines.join("\n")
}

proptest! {
    /// Whatever is done to a file, reading it ends, and what is said about it is about a place in it.
    #[test]
    fn no_text_makes_the_reader_panic(cut in 0usize..EXAMPLE.len(), length in 0usize..40, put in "[\\[\\]{}=\"'.,#$a-zé\n0-9 ]{0,12}") {
        let text = uncommented(EXAMPLE);
        let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let (start, end) = (boundary(cut), boundary(cut + length));
        let text = format!("{}{put}{}", &text[..start], &text[end.max(start)..]);
        if let Err(errors) = parse(&text, &Environment::default()) {
            prop_assert!(!errors.mistakes().is_empty());
            for mistake in errors.mistakes() {
                let line = mistake.place.as_ref().map_or(1, |place| place.line);
                prop_assert!(line <= text.lines().count() + 1, "{mistake}");
            }
            prop_assert!(!errors.to_string().is_empty());
        }
    }
}

#[test]
fn the_producer_of_a_log_topic_drops_what_is_not_taken_whatever_is_set_for_results() {
    let text = format!("{MINIMAL}log_topic = \"executions\"\n[kafka.producer]\nmax.in.flight = 3\nlinger.ms = 7\n");
    let config = valid(&text, &Environment::default());
    let pipeline = &config.pipelines[0];
    let log = pipeline.log_topic.as_ref().expect("it is there");
    assert_eq!(log.topic, "executions");
    for (name, value) in [
        ("message.timeout.ms", Some("30000")),
        ("enable.idempotence", Some("false")),
        ("max.in.flight.requests.per.connection", Some("1")),
        ("max.in.flight", None),
        ("linger.ms", Some("7")),
        ("bootstrap.servers", Some("localhost:9092")),
    ] {
        assert_eq!(log.producer.value(name), value, "{name}");
    }
    assert_eq!(pipeline.producer.value("message.timeout.ms"), Some("0"));
    let unused = valid(&format!("{MINIMAL}log_topic = \"e\"\nlog_executions = \"OFF\"\n"), &Environment::default());
    assert!(unused.warnings[0].contains("`log_topic` gets nothing"), "{:?}", unused.warnings);
}

#[test]
fn tls_trusts_the_authorities_of_the_system_unless_the_file_says_whom() {
    let of = |kafka: &str| {
        let text = format!(
            "[kafka]\nbootstrap.servers = \"b:9092\"\n{kafka}\n[[pipeline]]\nname = \"p\"\nsources = [\"in\"]\nworkflow = \"w.asl.json\"\n"
        );
        let config = Config::parse(&text, Path::new("test.toml"), &Environment::default()).expect("it is valid");
        let pipeline = &config.pipelines[0];
        [&pipeline.consumer, &pipeline.producer].map(|side| side.value("ssl.ca.location").map(str::to_owned))
    };
    let probe = cfg!(feature = "kafka-ssl").then(|| "probe".to_owned());
    assert_eq!(of("security.protocol = \"SASL_SSL\""), [probe.clone(), probe]);
    assert_eq!(
        of("security.protocol = \"ssl\"\nssl.ca.location = \"a.pem\""),
        [(); 2].map(|()| Some("a.pem".to_owned()))
    );
    assert_eq!(of("security.protocol = \"sasl_plaintext\""), [None, None]);
}
