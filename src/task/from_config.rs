//! From `[[task]]` entries of the configuration to connectors.

use std::{sync::Arc, time::Duration};

use super::{
    BuiltinConnector, BuiltinOptions, ClientOptions, Connector, Connectors, FilesConnector, FilesOptions,
    HttpConnector, HttpOptions, HttpVersion, LambdaConnector, LambdaOptions, OptionsError, Pattern,
};
use crate::config;

/// A `[[task]]` entry that no connector can be made from.
#[derive(Debug, thiserror::Error)]
#[error("{place}: [[task]] for {resource:?}: {source}")]
pub struct ConnectorsError {
    /// Where the entry stands.
    pub place: config::Place,
    /// The entry's Resource pattern.
    pub resource: String,
    /// What is wrong.
    pub source: OptionsError,
}

/// Makes the connector of an entry with `connector = "topic"`: this room knows no Kafka client.
pub type MakeTopic = fn(&config::Topic, Duration) -> Result<Arc<dyn Connector>, OptionsError>;

impl Connectors {
    /// Makes the connectors of the entries, in their order, those for topics by `topic`. Connects to nothing yet.
    ///
    /// # Errors
    ///
    /// The first entry whose options can't be used, such as a URL that does not parse.
    pub fn from_config(tasks: &[config::Task], topic: MakeTopic) -> Result<Self, ConnectorsError> {
        let mut connectors = Connectors::new();
        for task in tasks {
            let connector = connector(task, topic).map_err(|source| ConnectorsError {
                place: task.place.clone(),
                resource: task.resource.clone(),
                source,
            })?;
            connectors.push_bounded(Pattern::new(task.resource.as_str()), connector, task.max_concurrent);
        }
        Ok(connectors)
    }
}

fn connector(task: &config::Task, make_topic: MakeTopic) -> Result<Arc<dyn Connector>, OptionsError> {
    Ok(match &task.connector {
        config::Connector::Http(endpoint) => {
            Arc::new(HttpConnector::new(HttpOptions { client: client(endpoint, task.timeout) })?)
        }
        config::Connector::Lambda(endpoint) => {
            Arc::new(LambdaConnector::new(LambdaOptions { client: client(endpoint, task.timeout) })?)
        }
        config::Connector::Files { root } => {
            Arc::new(FilesConnector::new(FilesOptions { root: root.clone(), timeout: task.timeout })?)
        }
        config::Connector::Topic(topic) => make_topic(topic, task.timeout)?,
        config::Connector::Builtin(builtin) => Arc::new(BuiltinConnector::new(builtin_options(builtin))?),
    })
}

fn client(endpoint: &config::Endpoint, timeout: Duration) -> ClientOptions {
    let header = |(name, value): &(String, config::Secret)| (name.clone(), value.expose().to_owned());
    ClientOptions {
        headers: endpoint.headers.iter().map(header).collect(),
        timeout,
        version: match endpoint.version {
            config::HttpVersion::Auto => HttpVersion::Auto,
            config::HttpVersion::Http1 => HttpVersion::Http1,
            config::HttpVersion::Http2 => HttpVersion::Http2,
        },
        idle_connections: endpoint.connections,
        extra_ca: endpoint.ca_file.clone(),
        ..ClientOptions::new(endpoint.url.expose())
    }
}

fn builtin_options(builtin: &config::Builtin) -> BuiltinOptions {
    match builtin {
        config::Builtin::Echo => BuiltinOptions::echo(),
        config::Builtin::Sleep { duration } => BuiltinOptions::sleep(*duration),
        config::Builtin::Fail { probability, duration, error } => {
            BuiltinOptions { delay: *duration, error: error.clone(), ..BuiltinOptions::fail(*probability) }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::task::testing::{block_on, request};
    use crate::task::{Resource, Role};

    fn from(tasks: &str) -> Result<Connectors, ConnectorsError> {
        let pipeline =
            "name = \"p\"\nsources = [\"in\"]\nworkflow = \"w.asl.json\"\nkafka = { \"bootstrap.servers\" = \"h:1\" }";
        let text = format!("[[pipeline]]\n{pipeline}\n{tasks}");
        let file = Path::new("stepstream.toml");
        let config = config::Config::parse(&text, file, &config::Environment::default()).expect("a valid file");
        Connectors::from_config(&config.tasks, |_, _| Err(OptionsError::Producer { reason: "no Kafka".to_owned() }))
    }

    #[test]
    fn a_ca_file_is_looked_for_beside_the_configuration() {
        let task =
            "[[task]]\nresource = \"urn:x\"\nconnector = \"http\"\nurl = \"https://h/\"\nca_file = \"no-such-ca.pem\"";
        let Err(error) = from(task) else { panic!("the file does not exist") };
        assert!(format!("{error}: {}", error.source).contains("no-such-ca.pem"), "{error}");
    }

    #[test]
    fn entries_become_connectors_in_their_order() {
        let connectors = from(
            r#"
            [[task]]
            resource = "arn:aws:states:::lambda:invoke"
            connector = "lambda"
            endpoint = "http://127.0.0.1:3001"
            [[task]]
            resource = "urn:price"
            connector = "http"
            url = "http://127.0.0.1:8000/price"
            headers = { X-Env = "grün" }
            http_version = "2"
            [[task]]
            resource = "arn:aws:states:::s3:*"
            connector = "files"
            root = "src"
            [[task]]
            resource = "urn:*"
            connector = "builtin"
            builtin = "fail"
            probability = 1.0
            error = "Oops"
            "#,
        )
        .expect("valid");
        let cases = [
            ("arn:aws:states:::lambda:invoke", "lambda"),
            ("urn:price", "http"),
            ("arn:aws:states:::s3:getObject", "files"),
            ("urn:other", "builtin"),
        ];
        for (resource, kind) in cases {
            let role = if kind == "files" { Role::ItemReader } else { Role::Task };
            let found = connectors.find(&Resource::parse(resource), role).ok();
            assert_eq!(found.map(|entry| entry.connector.kind()), Some(kind), "{resource}");
        }
        let builtin = connectors.find(&Resource::parse("urn:other"), Role::Task).expect("matched").connector;
        let failure = block_on(builtin.call(request("urn:other", b"{}"))).expect_err("always fails");
        assert_eq!(failure.error.as_deref(), Some("Oops"));
    }

    #[test]
    fn an_entry_that_cannot_be_used_is_reported_with_its_place_but_not_its_secrets() {
        let message =
            from("[[task]]\nresource = \"urn:x\"\nconnector = \"http\"\nurl = \"http://user:s3cret@[bad/\"\n")
                .expect_err("no URL")
                .to_string();
        assert!(message.starts_with("stepstream.toml:6:"), "{message}");
        assert!(message.contains("\"urn:x\"") && !message.contains("s3cret"), "{message}");
    }

    #[test]
    fn what_a_connector_would_pass_over_is_refused_with_the_reason() {
        let connectors = from(
            r#"
            [[task]]
            resource = "arn:aws:states:::lambda:*"
            connector = "lambda"
            endpoint = "http://127.0.0.1:3001"
            [[task]]
            resource = "*"
            connector = "http"
            url = "http://127.0.0.1:8000/"
            "#,
        )
        .expect("valid");
        for (resource, reason) in [
            ("arn:aws:states:::http:invoke", "would ignore the ApiEndpoint"),
            ("arn:aws:states:::lambda:invoke.waitForTaskToken", "doesn't wait for a callback"),
            ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "doesn't wait for a callback"),
            ("arn:aws:states:::ecs:runTask.sync", "doesn't wait for the end of the job"),
            ("arn:aws:states:::states:startExecution.sync:2", "doesn't wait for the end of the job"),
            ("arn:aws:states:eu-west-1:123456789012:activity:a", "an activity, which workers poll"),
        ] {
            let refused = connectors.find(&Resource::parse(resource), Role::Task).expect_err(resource).to_string();
            assert!(refused.contains(reason) && !refused.contains("[[task]]\n"), "{resource}: {refused}");
        }
        assert!(connectors.find(&Resource::parse("arn:aws:states:::dynamodb:putItem"), Role::Task).is_ok());
    }
}
