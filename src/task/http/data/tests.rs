use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, put};
use serde_json::json;

use super::super::{HttpConnector, HttpOptions};
use crate::task::testing::{block_on, request, serve};
use crate::task::{Answer, Connector, DataObject, Purpose};

type Objects = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// A store of objects under `/store`.
async fn store(objects: Objects) -> SocketAddr {
    async fn read(State(objects): State<Objects>, Path(path): Path<String>) -> Result<Vec<u8>, (StatusCode, String)> {
        if path.ends_with("forbidden") {
            return Err((StatusCode::FORBIDDEN, "not yours".to_owned()));
        }
        objects.lock().expect("alive").get(&path).cloned().ok_or((StatusCode::NOT_FOUND, String::new()))
    }
    async fn write(
        State(objects): State<Objects>,
        Path(path): Path<String>,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        if !headers.contains_key("idempotency-key") || path.contains("forbidden") {
            return StatusCode::FORBIDDEN;
        }
        objects.lock().expect("alive").insert(path, body.to_vec());
        StatusCode::CREATED
    }
    serve(Router::new().route("/store/{*path}", get(read)).route("/store/{*path}", put(write)).with_state(objects))
        .await
}

fn call(objects: &Objects, purpose: Purpose, bucket: &str, key: &str) -> Answer {
    block_on(async {
        let address = store(Arc::clone(objects)).await;
        let connector = HttpConnector::new(HttpOptions::new(format!("http://{address}/store/?v=1"))).expect("valid");
        let parameters = json!({"Bucket": bucket, "Key": key}).to_string();
        let mut request = request("arn:aws:states:::s3:getObject", parameters.as_bytes());
        request.purpose = purpose;
        connector.call(request).await
    })
}

fn cause(answer: Answer) -> String {
    answer.expect_err("it fails").cause.expect("failures have causes")
}

#[test]
fn an_object_is_read_from_below_the_url_whatever_it_holds() {
    let objects = Objects::default();
    objects.lock().expect("alive").insert("b/dir/a b+ä?.csv".to_owned(), b"a,\xff\n1".to_vec());
    let read = |key: &str, max_bytes| call(&objects, Purpose::ReadObject { max_bytes }, "b", key);
    assert_eq!(read("dir/a b+ä?.csv", 5), Ok(b"a,\xff\n1".to_vec()));
    assert!(
        cause(read("dir/a b+ä?.csv", 4)).ends_with("has more than 4 bytes, the most that max_dataset_bytes allows.")
    );
    assert!(
        cause(read("dir/none", 5)).starts_with("The specified key does not exist: b/dir/none at http://127.0.0.1:")
    );
    assert!(cause(read("forbidden", 99)).ends_with("answered 403: not yours"));
    assert!(cause(read("../b/dir", 99)).contains("\"..\" is no name of a bucket, folder or object"));
}

#[test]
fn objects_are_stored_in_their_order_until_one_is_refused() {
    let objects = Objects::default();
    let write = |keys: &[&str]| {
        let object =
            |key: &&str| DataObject { key: (*key).to_owned(), body: key.as_bytes().to_vec(), records: Vec::new() };
        call(&objects, Purpose::WriteObjects(keys.iter().map(object).collect()), "out", "")
    };
    assert_eq!(write(&["run/S_0.json", "run/manifest.json"]), Ok(b"null".to_vec()));
    assert!(cause(write(&["first", "forbidden", "last"])).contains("PUT out/forbidden at http://127.0.0.1:"));
    let mut stored: Vec<String> = objects.lock().expect("alive").keys().cloned().collect();
    stored.sort();
    assert_eq!(stored, ["out/first", "out/run/S_0.json", "out/run/manifest.json"]);
}

#[test]
fn a_listing_is_refused_with_what_can_do_it() {
    let answer = call(&Objects::default(), Purpose::ListObjects { max_entries: 9 }, "b", "");
    assert!(cause(answer).contains("can't list objects"));
}
