//! What `run --check` says, without the process around it.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::{Deployment, connectors};
use crate::config::{Draft, Environment};

/// Separates a configuration from what is said about it.
const SEPARATOR: &str = "\n=== says ===\n";

/// Everything that is said about a configuration which stands in the folder `config`.
fn said(text: &str, environment: &Environment) -> String {
    let mut draft = Draft::of_text(text, Path::new("config/check.toml"), environment);
    let connectors = connectors(&mut draft);
    Deployment::of_draft(&mut draft, connectors, false);
    let warnings: String = draft.config.warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
    match draft.finish() {
        Ok(_) => warnings,
        Err(errors) => format!("{warnings}{errors}"),
    }
}

/// Each file of `mistakes/` holds a configuration, with `# env: NAME=value` for its environment, and what is said about it.
/// With UPDATE_GOLDEN set the second part is written again.
#[test]
fn mistakes_of_all_kinds_are_told_in_one_go() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/deployment/mistakes");
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|file| file.extension().is_some_and(|ext| ext == "txt")).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        // What a lean build says, and what only one says that has all.
        let is_lean = !cfg!(any(feature = "kafka-ssl", feature = "kafka-zstd"));
        if file.ends_with("features.txt") && !is_lean || file.ends_with("secrets.txt") && is_lean {
            continue;
        }
        let golden = fs::read_to_string(&file).unwrap();
        let (text, expected) = golden.split_once(SEPARATOR).unwrap_or((&golden, ""));
        let mut environment = Environment::default();
        for (name, value) in text.lines().filter_map(|line| line.strip_prefix("# env: ")?.split_once('=')) {
            environment = environment.with(name, value);
        }
        let said = said(text, &environment);
        if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| !value.is_empty()) {
            fs::write(&file, format!("{}{SEPARATOR}{said}", text.trim_end())).unwrap();
        } else {
            assert_eq!(said, expected, "{}", file.display());
        }
    }
}

/// What nobody may see.
const MARK: &str = "Hunter2Mark";

/// A line of the configuration that holds the secret: it may stand in `[kafka]`, in a pipeline, or in a task.
fn secret_lines() -> impl Strategy<Value = (usize, String)> {
    let property = prop_oneof![known_properties(), "[a-z]{1,9}(\\.[a-z]{1,9}){0,3}"];
    let sensitive = prop::sample::select(vec![
        "sasl.password",
        "sasl.passwordd",
        "sasl.pasword",
        "sasl_password",
        "ssl.key.password",
        "ssl.keypasswrd",
        "ssl.key.pem",
        "client.secret",
        "acces.token",
        "sasl.jaas.config",
        "kafka.credentails",
        "x.api-key",
    ]);
    let around = "[a-zA-Z0-9 #=\\[{,.:/@-]{0,12}";
    let from_environment = prop::sample::select(vec!["{ env = \"MARKED\" }", "\"${MARKED}\"", "\"a ${MARKED} b\""]);
    let option =
        prop::sample::select(vec!["shards", "max_in_flight_bytes", "commit_interval", "start_from", "forward_headers"]);
    let task = prop::sample::select(vec!["url", "timeout", "connections", "http_version", "endpoint", "probability"]);
    let header = prop::sample::select(vec!["Authorization", "X-Some", "Host", "bad name"]);
    prop_oneof![
        (property, from_environment.clone()).prop_map(|(name, value)| (0, format!("{name} = {value}"))),
        (sensitive.clone(), around, around).prop_map(|(name, a, b)| (0, format!("{name} = \"{a}{MARK}{b}\""))),
        (sensitive.clone(), around).prop_map(|(name, a)| (0, format!("{name} = \"{a}{MARK}"))),
        (sensitive.clone(), around).prop_map(|(name, a)| (0, format!("{name} = {a}{MARK}\""))),
        (sensitive, around).prop_map(|(name, a)| (0, format!("{name} = [\"{a}{MARK}\"]"))),
        (option, from_environment.clone()).prop_map(|(name, value)| (1, format!("{name} = {value}"))),
        (task, from_environment).prop_map(|(name, value)| (2, format!("{name} = {value}"))),
        around.prop_map(|a| (2, format!("url = \"http://ann:{MARK}@host/{a}\""))),
        around.prop_map(|a| (2, format!("url = \"httpx://ann:{MARK}@{a}\""))),
        (header, around).prop_map(|(name, a)| (2, format!("headers = {{ \"{name}\" = \"{a}{MARK}\\n\" }}"))),
        (header_names(), around).prop_map(|(name, a)| (2, format!("headers = {{ \"{name}\" = \"{a}{MARK} }}"))),
    ]
}

/// Properties of all kinds.
fn known_properties() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "sasl.password",
        "sasl.username",
        "ssl.key.password",
        "ssl.key.pem",
        "ssl.certificate.pem",
        "security.protocol",
        "acks",
        "linger.ms",
        "client.id",
        "partitioner",
        "debug",
        "sasl.mechanism",
        "compression.type",
        "ssl.ca.location",
        "enable.idempotence",
        "message.max.bytes",
        "plugin.library.paths",
        "sasl.oauthbearer.config",
        "ssl.keystore.location",
        "statistics.interval.ms",
        "no.such.property",
        "group.id",
        "isolation.level",
    ])
    .prop_map(str::to_owned)
}

fn header_names() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["Authorization", "X-Some"])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Whatever the property and its value: what came from the environment, or stands under a name of secrets, is not said.
    #[test]
    fn no_output_of_a_check_holds_a_secret(
        (place, line) in secret_lines(),
        mistake in prop::sample::select(vec!["", "colour = \"red\"", "sink = [\"x\"", "shards = three"]),
        variable in prop::sample::select(vec!["UNRELATED", "STEPSTREAM_KAFKA_SASL_PASSWORDD", "STEPSTREAM_KAFKA_ACKS", "STEPSTREAM_HTTP_LISTEN", "STEPSTREAM_LOG_LEVEL", "STEPSTREAM_PASWORD"]),
    ) {
        let at = |number: usize| if number == place { line.as_str() } else { "" };
        let text = format!(
            "[kafka]\nbootstrap.servers = \"localhost:1\"\n{}\n[[pipeline]]\nname = \"p\"\nsources = [\"s\"]\n{mistake}\n{}\n\
             workflow = \"workflows/order.asl.json\"\n[[task]]\nresource = \"x\"\nconnector = \"http\"\n{}\n",
            at(0), at(1), at(2),
        );
        let environment = Environment::from([("MARKED", MARK), (variable, MARK)]);
        let said = said(&text, &environment);
        prop_assert!(!said.contains(&MARK[..7]), "{text}\n{said}");
    }
}
