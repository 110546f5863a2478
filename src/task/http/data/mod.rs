//! Data sets and results of distributed Maps over HTTP: an object is `<url>/<bucket>/<key>`, read with GET and stored with PUT.

use hyper::header::{ACCEPT, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode, Uri};

use super::super::client::{Client, Exchange, contact_of, percent_encoded};
use super::super::place::{Place, check_name, data_failure};
use super::super::{Answer, DataObject, Purpose, Request, TaskFailure};
use super::{identity_headers, shown};

/// Reads or stores the objects that a request names.
pub(super) async fn carry_out(client: &Client, request: &Request) -> Answer {
    let place = Place::of(&request.input)?;
    match &request.purpose {
        Purpose::ReadObject { max_bytes } => read(client, &place, *max_bytes).await,
        Purpose::WriteObjects(objects) => {
            for object in objects {
                write(client, request, &place, object).await?;
            }
            Ok(b"null".to_vec())
        }
        Purpose::ListObjects { .. } => {
            let cause = "The http connector can't list objects: the protocol has no listing. The files connector can.";
            Err(data_failure(cause.to_owned()))
        }
        Purpose::Task => Err(data_failure("A task has no objects.".to_owned())),
    }
}

async fn read(client: &Client, place: &Place, max_bytes: usize) -> Answer {
    let key = place.key()?;
    let exchange = Exchange {
        method: Method::GET,
        uri: object_uri(client, &place.bucket, key)?,
        headers: HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("*/*"))]),
        body: Vec::new(),
        max_response_bytes: max_bytes,
    };
    let url = client.display_url();
    let reply = client.send(exchange, None).await.map_err(|error| {
        data_failure(format!("GET {}/{key} at {url} failed: {error}", place.bucket)).at(error.contact())
    })?;
    if reply.status == StatusCode::NOT_FOUND {
        return Err(data_failure(format!("The specified key does not exist: {}/{key} at {url}", place.bucket)));
    }
    if !reply.status.is_success() {
        let (status, body) = (reply.status.as_u16(), shown(&reply.body));
        let cause = format!("GET {}/{key} at {url} answered {status}: {body}", place.bucket);
        return Err(data_failure(cause).at(contact_of(reply.status)));
    }
    if reply.cut {
        return Err(data_failure(format!(
            "The object {}/{key} has more than {max_bytes} bytes, the most that max_dataset_bytes allows.",
            place.bucket
        )));
    }
    Ok(reply.body)
}

async fn write(client: &Client, request: &Request, place: &Place, object: &DataObject) -> Result<(), TaskFailure> {
    let exchange = Exchange {
        method: Method::PUT,
        uri: object_uri(client, &place.bucket, &object.key)?,
        headers: identity_headers(request)?,
        body: object.body.clone(),
        max_response_bytes: client.max_response_bytes(),
    };
    let (url, key) = (client.display_url(), &object.key);
    let reply = client.send(exchange, None).await.map_err(|error| {
        data_failure(format!("PUT {}/{key} at {url} failed: {error}", place.bucket)).at(error.contact())
    })?;
    if reply.status.is_success() {
        return Ok(());
    }
    let (status, body) = (reply.status.as_u16(), shown(&reply.body));
    let cause = format!("PUT {}/{key} at {url} answered {status}: {body}", place.bucket);
    Err(data_failure(cause).at(contact_of(reply.status)))
}

/// The object's URI below the configured URL, whose query is kept.
fn object_uri(client: &Client, bucket: &str, key: &str) -> Result<Uri, TaskFailure> {
    let base = client.uri();
    let mut path = base.path().trim_end_matches('/').to_owned();
    for name in std::iter::once(bucket).chain(key.split('/')) {
        check_name(name).map_err(|why| data_failure(format!("The key {key:?} is refused: {why}")))?;
        path.push('/');
        path.push_str(&percent_encoded(name));
    }
    if let Some(query) = base.query() {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = base.clone().into_parts();
    parts.path_and_query =
        Some(path.parse().map_err(|error| data_failure(format!("The key {key:?} makes no URL: {error}")))?);
    Uri::from_parts(parts).map_err(|error| data_failure(format!("The key {key:?} makes no URL: {error}")))
}

#[cfg(test)]
mod tests;
