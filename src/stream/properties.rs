//! What librdkafka thinks of properties, before anything is started with them: every fault at once, and without secrets.

use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::{BaseProducer, DeliveryResult, ProducerContext};
use rdkafka::types::RDKafkaConfRes;

use super::client::{self, client_config};
use crate::config::{Properties, nearest_property};

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It reads.
    Consumer,
    /// It writes.
    Producer,
}

/// Properties that librdkafka does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PropertyError {
    /// There is none of that name.
    #[error("librdkafka knows no property `{name}`")]
    Unknown {
        /// The property.
        name: String,
    },
    /// Its value can't be used.
    #[error("librdkafka does not take the value of `{name}`{}", because(reason))]
    Value {
        /// The property.
        name: String,
        /// What librdkafka says; empty where the value is a secret, which that would show.
        reason: String,
    },
    /// librdkafka was built without what it takes.
    #[error("`{name}` needs what this build of Stepstream was made without")]
    NotBuilt {
        /// The property.
        name: String,
        /// What to do.
        remedy: Remedy,
    },
    /// No client can be made of them.
    #[error("librdkafka can't make a client of these properties: {reason}")]
    Together {
        /// The property that librdkafka complains about, if it names one.
        name: Option<String>,
        /// What librdkafka says, without secrets.
        reason: String,
    },
    /// It could not be asked.
    #[error("librdkafka can't be asked about these properties: {reason}")]
    NotAsked {
        /// Why, and what to do.
        reason: String,
    },
}

/// What to do about something that this build was made without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Build with a cargo feature.
    Feature(&'static str),
    /// There is no feature for it.
    None,
}

impl PropertyError {
    /// The property that is wrong, if it is a single one.
    pub fn property(&self) -> Option<&str> {
        match self {
            Self::Unknown { name } | Self::Value { name, .. } | Self::NotBuilt { name, .. } => Some(name),
            Self::Together { name, .. } => name.as_deref(),
            Self::NotAsked { .. } => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        const LIST: &str = "librdkafka's CONFIGURATION.md lists all properties";
        match self {
            Self::Unknown { name } => Some(match nearest_property(name) {
                Some(near) => format!("did you mean `{near}`? {LIST}"),
                None => LIST.to_owned(),
            }),
            Self::Value { reason, .. } if reason.is_empty() => {
                Some(format!("its value is kept secret, and with it what librdkafka says about it; {LIST}"))
            }
            Self::NotBuilt { remedy: Remedy::Feature(feature), .. } => {
                Some(format!("this is a lean build, the default one has it: build with --features {feature}"))
            }
            Self::NotBuilt { remedy: Remedy::None, .. } => {
                Some("Stepstream has no cargo feature for it: use SASL with PLAIN or SCRAM, or certificates".to_owned())
            }
            Self::Value { .. } => Some(LIST.to_owned() + " with what they take"),
            Self::Together { .. } | Self::NotAsked { .. } => None,
        }
    }
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

/// Asks librdkafka about each property by itself, and if all are well, about all together. Connects to nothing.
pub fn check_properties(properties: &Properties, side: Side) -> Vec<PropertyError> {
    let mut errors: Vec<PropertyError> = properties
        .iter()
        .filter(|(name, _)| properties.broken().all(|broken| broken != *name))
        .filter_map(|(name, value)| check_one(name, value, properties))
        .collect();
    if errors.is_empty() && properties.broken().next().is_none() {
        errors.extend(check_together(properties, side));
    }
    errors
}

fn check_one(name: &str, value: &str, properties: &Properties) -> Option<PropertyError> {
    let mut alone = rdkafka::ClientConfig::new();
    alone.set(name, value);
    let error = alone.create_native_config().err()?;
    let name = name.to_owned();
    let KafkaError::ClientConfig(kind, text, ..) = error else {
        return Some(PropertyError::Value { name, reason: String::new() });
    };
    Some(match remedy(&text) {
        Some(remedy) => PropertyError::NotBuilt { name, remedy },
        None if kind == RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN => PropertyError::Unknown { name },
        None if properties.is_secret(&name) => PropertyError::Value { name, reason: String::new() },
        // The property is named already.
        None => {
            let reason = text.split(" for configuration property").next().unwrap_or_default().to_owned();
            PropertyError::Value { name, reason }
        }
    })
}

/// Makes a client that knows no broker: what librdkafka finds only then, such as a certificate that is not there.
fn check_together(properties: &Properties, side: Side) -> Option<PropertyError> {
    let mut config = client_config(properties);
    config.remove("bootstrap.servers").remove("metadata.broker.list");
    if let Err(error) = client::need_threads(client::CLIENT_THREADS) {
        return Some(PropertyError::NotAsked { reason: error.to_string() });
    }
    let made = match side {
        Side::Consumer => BaseConsumer::from_config_and_context(&config, Silent).map(drop),
        Side::Producer => BaseProducer::from_config_and_context(&config, Silent).map(drop),
    };
    let reason = match made.err()? {
        KafkaError::ClientCreation(text) | KafkaError::ClientConfig(_, text, ..) => text,
        other => other.to_string(),
    };
    let reason = properties.redactor().redact(&reason).into_owned();
    let name = properties.iter().map(|(name, _)| name).filter(|name| reason.contains(name));
    let name = name.max_by_key(|name| (properties.place(name).is_some(), name.len()));
    // This text names the property in words.
    let name = name.or_else(|| reason.contains("SASL mechanism").then_some("sasl.mechanism")).map(str::to_owned);
    let at_build = remedy(&reason).zip(name.clone());
    Some(match at_build {
        Some((remedy, name)) => PropertyError::NotBuilt { name, remedy },
        None => PropertyError::Together { name, reason },
    })
}

/// What librdkafka was built without, if its text says that.
fn remedy(text: &str) -> Option<Remedy> {
    let says = |word: &str| text.to_lowercase().contains(word);
    if !says("build time") && !says("recompile") {
        return None;
    }
    Some(match () {
        () if says("zstd") => Remedy::Feature("kafka-zstd"),
        () if says("libcurl") || says("gssapi") => Remedy::None,
        () if says("openssl") => Remedy::Feature("kafka-ssl"),
        () => Remedy::None,
    })
}

/// The error without the values of secret properties.
pub(super) fn without_secrets(error: KafkaError, properties: &Properties) -> KafkaError {
    let redactor = properties.redactor();
    let redact = |text: String| redactor.redact(&text).into_owned();
    match error {
        KafkaError::ClientConfig(kind, text, name, value) => match properties.is_secret(&name) {
            true => KafkaError::ClientConfig(kind, "the value is not taken".to_owned(), name, "***".to_owned()),
            false => KafkaError::ClientConfig(kind, redact(text), name, redact(value)),
        },
        KafkaError::ClientCreation(text) => KafkaError::ClientCreation(redact(text)),
        other => other,
    }
}

/// As [`without_secrets`], for what making a client gave.
pub(super) fn sealed<T>(made: KafkaResult<T>, properties: &Properties) -> KafkaResult<T> {
    made.map_err(|error| without_secrets(error, properties))
}

/// What a client says that only lives to be made is nothing to log.
struct Silent;

impl ClientContext for Silent {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {}
    fn error(&self, _error: KafkaError, _reason: &str) {}
}

impl ConsumerContext for Silent {}

impl ProducerContext for Silent {
    type DeliveryOpaque = ();

    fn delivery(&self, _result: &DeliveryResult<'_>, (): ()) {}
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Config, Environment};

    fn check(kafka: &str) -> Vec<PropertyError> {
        let text = format!(
            "[kafka]\nbootstrap.servers = \"localhost:1\"\n{kafka}\n[[pipeline]]\nname = \"p\"\nsources = [\"s\"]\nworkflow = \"w\"\n"
        );
        let config =
            Config::parse(&text, Path::new("t.toml"), &Environment::from([("S", "s3cret-value")])).expect("valid");
        let pipeline = &config.pipelines[0];
        let mut errors = check_properties(&pipeline.consumer, Side::Consumer);
        errors.extend(check_properties(&pipeline.producer, Side::Producer));
        errors.dedup();
        errors
    }

    #[test]
    fn the_defaults_are_taken() {
        assert_eq!(check(""), []);
    }

    #[test]
    fn every_property_that_is_not_taken_is_named() {
        let errors = check("lingr.ms = 5\nacks = \"some\"\nsocket.timeout.ms = \"soon\"");
        let names: Vec<_> = errors.iter().filter_map(PropertyError::property).collect();
        for name in ["lingr.ms", "acks", "socket.timeout.ms"] {
            assert!(names.contains(&name), "{errors:?}");
        }
        assert!(errors[0].hint().is_some() || errors.len() > 1, "{errors:?}");
    }

    #[test]
    fn properties_that_do_not_go_together_are_found_without_a_broker() {
        let errors = check("session.timeout.ms = 9000\nmax.poll.interval.ms = 8000");
        assert!(
            matches!(&errors[..], [PropertyError::Together { name: Some(name), .. }] if name.contains("timeout") || name.contains("poll")),
            "{errors:?}"
        );
    }

    #[test]
    fn what_a_build_lacks_is_named_with_the_feature_to_add() {
        let is_built = |feature: &str| match feature {
            "kafka-ssl" => cfg!(feature = "kafka-ssl"),
            _ => cfg!(feature = "kafka-zstd"),
        };
        for (kafka, feature) in [
            ("security.protocol = \"ssl\"", "kafka-ssl"),
            ("compression.type = \"zstd\"", "kafka-zstd"),
            (
                "security.protocol = \"sasl_plaintext\"\nsasl.mechanism = \"SCRAM-SHA-512\"\nsasl.username = \"u\"\nsasl.password = \"p\"",
                "kafka-ssl",
            ),
        ] {
            let hints: Vec<String> = check(kafka).iter().filter_map(PropertyError::hint).collect();
            assert_eq!(
                hints.iter().any(|hint| hint.contains(feature)),
                !is_built(feature),
                "{kafka}: {:?}",
                check(kafka)
            );
        }
    }

    #[test]
    fn no_error_shows_a_secret() {
        for kafka in [
            "ssl.key.password = { env = \"S\" }",
            "sasl.passwordd = \"s3cret-value\"",
            "acks = { env = \"S\" }",
            "security.protocol = \"${S}\"",
            "ssl.key.pem = \"s3cret-value\"",
            "partitioner = \"${S}x\"",
        ] {
            let errors = check(kafka);
            let shown = format!("{errors:?} {:?}", errors.iter().map(PropertyError::hint).collect::<Vec<_>>());
            assert!(!shown.contains("s3cret"), "{kafka}: {shown}");
        }
    }
}
