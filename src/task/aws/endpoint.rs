//! Where a call goes: the host of a service in a region, or an endpoint that was given.

use hyper::Uri;
use hyper::http::uri::{Authority, Scheme};
use serde_json::{Map, Value};

use super::model::{Library, Operation, Service};
use super::protocol::Message;

/// Where a call goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    /// What stands before the path, without a slash at its end.
    pub(super) base: String,
    /// The region that is signed for.
    pub(super) region: String,
    /// Whether it was given: nothing is added to its host then.
    given: bool,
}

impl Endpoint {
    /// One that was given, such as `http://127.0.0.1:4566`.
    pub(super) fn given(uri: &Uri, region: &str) -> Option<Endpoint> {
        Some(Endpoint {
            scheme: uri.scheme()?.clone(),
            authority: uri.authority()?.clone(),
            base: uri.path().trim_end_matches('/').to_owned(),
            region: region.to_owned(),
            given: true,
        })
    }

    /// That of the service itself.
    pub(super) fn of(service: &Service, region: &str) -> Option<Endpoint> {
        let partition = Library::shared().partition(region);
        let row = |name: &str| service.endpoints.iter().find(|row| row.first().is_some_and(|first| first == name));
        let row = row(region).or_else(|| row(&partition.id)).or_else(|| row("*"))?;
        let host = row.get(1)?.replace("{region}", region).replace("{suffix}", &partition.suffix);
        Some(Endpoint {
            scheme: Scheme::HTTPS,
            authority: host.parse().ok()?,
            base: String::new(),
            region: row.get(2).map_or(region, String::as_str).to_owned(),
            given: false,
        })
    }

    /// Puts before the host what the operation wants there, and S3's bucket.
    ///
    /// # Errors
    /// There is no such host.
    pub(super) fn refine(
        &mut self,
        service: &Service,
        operation: &Operation,
        input: &Map<String, Value>,
        message: &mut Message,
    ) -> Result<(), String> {
        if self.given {
            return Ok(());
        }
        let mut prefix = String::new();
        if let Some(template) = &operation.host {
            prefix = filled(template, service, operation, input)?;
        }
        if let ("S3", Some(bucket)) = (service.id.as_str(), input.get("Bucket").and_then(Value::as_str))
            && is_label(bucket)
            && let Some(rest) = message.path.strip_prefix(&format!("/{bucket}"))
        {
            prefix = format!("{bucket}.");
            message.path = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
        }
        let host = format!("{prefix}{}", self.authority);
        self.authority = host.parse().map_err(|_| format!("{host:?} is no name of a host"))?;
        Ok(())
    }
}

/// A prefix of hosts with its labels filled in.
fn filled(
    template: &str,
    service: &Service,
    operation: &Operation,
    input: &Map<String, Value>,
) -> Result<String, String> {
    let structure = service.structure(operation.input);
    let mut prefix = template.to_owned();
    for (name, _) in structure.members.iter().filter(|(_, member)| member.label) {
        let label = input.get(name).and_then(Value::as_str).filter(|label| is_label(label));
        let label = label.ok_or_else(|| format!("{name} can't be part of the name of a host"))?;
        prefix = prefix.replace(&format!("{{{name}}}"), label);
    }
    Ok(prefix)
}

/// Whether a text can be one label of a host's name: what certificates of `*.host` are good for.
fn is_label(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c != '-');
    (1..=63).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && edge(text.chars().next())
        && edge(text.chars().last())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hosts_are_those_of_service_region_and_partition() {
        for (service, region, host, signed) in [
            ("dynamodb", "eu-west-1", "dynamodb.eu-west-1.amazonaws.com", "eu-west-1"),
            ("sfn", "cn-north-1", "states.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("eventbridge", "us-east-1", "events.us-east-1.amazonaws.com", "us-east-1"),
            ("iam", "eu-west-1", "iam.amazonaws.com", "us-east-1"),
            ("iam", "us-gov-west-1", "iam.us-gov.amazonaws.com", "us-gov-west-1"),
            ("route53", "us-east-1", "route53.amazonaws.com", "us-east-1"),
            ("sts", "eu-central-1", "sts.eu-central-1.amazonaws.com", "eu-central-1"),
        ] {
            let service = Library::shared().service(service).expect("there is one");
            let endpoint = Endpoint::of(&service, region).expect("there is one");
            assert_eq!((endpoint.authority.as_str(), endpoint.region.as_str()), (host, signed));
        }
    }

    fn refined(
        service: &str,
        action: &str,
        given: Option<&'static str>,
        path: &str,
        input: &Value,
    ) -> (String, String) {
        let service = Library::shared().service(service).expect("there is one");
        let operation = service.operation(action).expect("there is one");
        let mut endpoint = match given {
            Some(given) => Endpoint::given(&Uri::from_static(given), "eu-west-1"),
            None => Endpoint::of(&service, "eu-west-1"),
        }
        .expect("there is one");
        let mut message = Message { path: path.to_owned(), ..Message::default() };
        let input = input.as_object().expect("an object");
        endpoint.refine(&service, operation, input, &mut message).expect("a host");
        (endpoint.authority.to_string(), format!("{}{}", endpoint.base, message.path))
    }

    #[test]
    fn buckets_and_prefixes_stand_in_the_host_where_the_service_has_it() {
        let input = json!({"Bucket": "orders", "Key": "a/b"});
        for (given, host, path) in [
            (None, "orders.s3.eu-west-1.amazonaws.com", "/a/b"),
            (Some("http://127.0.0.1:4566/base/"), "127.0.0.1:4566", "/base/orders/a/b"),
        ] {
            assert_eq!(refined("s3", "getObject", given, "/orders/a/b", &input), (host.to_owned(), path.to_owned()));
        }
        let found = refined("s3", "listObjectsV2", None, "/orders", &json!({"Bucket": "orders"}));
        assert_eq!(found, ("orders.s3.eu-west-1.amazonaws.com".to_owned(), "/".to_owned()));
        let dots = refined("s3", "listObjectsV2", None, "/or.ders", &json!({"Bucket": "or.ders"}));
        assert_eq!(dots, ("s3.eu-west-1.amazonaws.com".to_owned(), "/or.ders".to_owned()));
        let sync = refined("sfn", "startSyncExecution", None, "/", &json!({}));
        assert_eq!(sync.0, "sync-states.eu-west-1.amazonaws.com");
    }
}
