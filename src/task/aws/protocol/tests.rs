use hyper::{HeaderMap, StatusCode};
use serde_json::json;

use super::*;
use crate::task::aws::model::Library;

fn written(service: &str, action: &str, input: Value) -> Message {
    let service = Library::shared().service(service).expect("there is one");
    let operation = service.operation(action).expect("there is one");
    let Value::Object(input) = input else { unreachable!("it is an object") };
    write(&service, operation, &input).expect("it can be written")
}

fn body(message: &Message) -> &str {
    std::str::from_utf8(&message.body).expect("UTF-8")
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn read_back(service: &str, action: &str, headers: &[(&'static str, &str)], body: &str) -> Value {
    let service = Library::shared().service(service).expect("there is one");
    let operation = service.operation(action).expect("there is one");
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().expect("valid"));
    }
    let reply = Reply { status: StatusCode::OK, headers: map, body: body.as_bytes().to_vec(), cut: false };
    Value::Object(read(&service, operation, &reply).expect("it can be read"))
}

// What is written is what botocore 1.44.8 writes for the same input.

#[test]
fn json_has_the_operation_in_a_header() {
    let message = written("dynamodb", "getItem", json!({"TableName": "t", "Key": {"id": {"S": "1"}}}));
    assert_eq!(header(&message, "x-amz-target"), Some("DynamoDB_20120810.GetItem"));
    assert_eq!(header(&message, "content-type"), Some("application/x-amz-json-1.0"));
    assert_eq!((message.path.as_str(), body(&message)), ("/", r#"{"TableName":"t","Key":{"id":{"S":"1"}}}"#));
    let moment =
        written("eventbridge", "putEvents", json!({"Entries": [{"Time": 1_795_888_800_250_i64, "Detail": "{}"}]}));
    assert_eq!(body(&moment), r#"{"Entries":[{"Time":1795888800.250,"Detail":"{}"}]}"#);
    let answer = read_back("sfn", "startExecution", &[], r#"{"executionArn":"a","startDate":1.7958888E9,"new":1}"#);
    assert_eq!(answer, json!({"executionArn": "a", "startDate": 1_795_888_800_000_i64}));
}

#[test]
fn query_is_a_form_and_its_answer_xml() {
    let message = written(
        "sns",
        "publish",
        json!({
            "TopicArn": "arn", "Message": "grün & gut", "MessageAttributes": {"k": {"DataType": "String", "StringValue": "v"}}
        }),
    );
    assert_eq!(
        body(&message),
        "Action=Publish&Version=2010-03-31&TopicArn=arn&Message=gr%C3%BCn%20%26%20gut&MessageAttributes.entry.1.Name=k\
         &MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.StringValue=v"
    );
    let list = written(
        "rds",
        "describeDBInstances",
        json!({"Filters": [{"Name": "n", "Values": ["a", "b"]}], "MaxRecords": 20}),
    );
    assert_eq!(
        body(&list),
        "Action=DescribeDBInstances&Version=2014-10-31&Filters.Filter.1.Name=n&Filters.Filter.1.Values.Value.1=a\
         &Filters.Filter.1.Values.Value.2=b&MaxRecords=20"
    );
    let answer = read_back(
        "sns",
        "listTopics",
        &[],
        "<ListTopicsResponse xmlns=\"x\"><ListTopicsResult><Topics><member>\
        <TopicArn>a&amp;b</TopicArn></member></Topics></ListTopicsResult></ListTopicsResponse>",
    );
    assert_eq!(answer, json!({"Topics": [{"TopicArn": "a&b"}]}));
}

#[test]
fn ec2_has_names_of_its_own_in_forms() {
    let message = written(
        "ec2",
        "describeInstances",
        json!({
            "InstanceIds": ["i-1", "i-2"], "Filters": [{"Name": "n", "Values": ["v"]}], "DryRun": true
        }),
    );
    assert_eq!(
        body(&message),
        "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-1&InstanceId.2=i-2&Filter.1.Name=n&Filter.1.Value.1=v\
         &DryRun=true"
    );
    let answer = read_back(
        "ec2",
        "describeInstances",
        &[],
        "<R><reservationSet><item><reservationId>r</reservationId>\
        <instancesSet><item><instanceId>i</instanceId><launchTime>2026-11-28T18:00:00.000Z</launchTime></item></instancesSet>\
        </item></reservationSet></R>",
    );
    let expected = json!({"Reservations": [
        {"ReservationId": "r", "Instances": [{"InstanceId": "i", "LaunchTime": 1_795_888_800_000_i64}]}
    ]});
    assert_eq!(answer, expected);
}

#[test]
fn rest_json_puts_members_where_the_model_says() {
    let message = written("lambda", "listVersionsByFunction", json!({"FunctionName": "a:b", "MaxItems": 5}));
    assert_eq!(message.path, "/2015-03-31/functions/a%3Ab/versions");
    assert_eq!((message.query, message.body), (vec![("MaxItems".to_owned(), "5".to_owned())], Vec::new()));
    let tags = written("apigateway", "createApiKey", json!({"name": "n", "enabled": true}));
    assert_eq!((tags.path.as_str(), body(&tags)), ("/apikeys", r#"{"name":"n","enabled":true}"#));
    let missing = Library::shared().service("lambda").expect("there is one");
    let operation = missing.operation("getFunction").expect("there is one");
    assert_eq!(write(&missing, operation, &Map::new()).err().as_deref(), Some("FunctionName is empty"));
}

#[test]
fn rest_xml_has_bodies_headers_and_keys_with_slashes() {
    let put = written(
        "s3",
        "putObject",
        json!({
            "Bucket": "b", "Key": "a b/ü+&=.txt", "Body": "aGk=", "Metadata": {"Order": "1"}, "Expires": 1_795_888_800_000_i64
        }),
    );
    assert_eq!((put.path.as_str(), body(&put)), ("/b/a%20b/%C3%BC%2B%26%3D.txt", "hi"));
    assert_eq!(header(&put, "x-amz-meta-order"), Some("1"));
    assert_eq!(header(&put, "expires"), Some("Sat, 28 Nov 2026 18:00:00 GMT"));
    let delete =
        written("s3", "deleteObjects", json!({"Bucket": "b", "Delete": {"Objects": [{"Key": "<x>"}], "Quiet": true}}));
    assert_eq!(delete.query, [("delete".to_owned(), String::new())]);
    assert_eq!(
        body(&delete),
        "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>&lt;x&gt;</Key></Object><Quiet>true</Quiet></Delete>"
    );
    let headers = [
        ("etag", "\"e\""),
        ("x-amz-meta-order", "1"),
        ("last-modified", "Sat, 28 Nov 2026 18:00:00 GMT"),
        ("content-length", "2"),
    ];
    let got = read_back("s3", "getObject", &headers, "hi");
    let expected = json!({
        "Body": "aGk=", "ContentLength": 2, "ETag": "\"e\"", "LastModified": 1_795_888_800_000_i64, "Metadata": {"order": "1"}
    });
    assert_eq!(got, expected);
    let listed = read_back(
        "s3",
        "listObjectsV2",
        &[],
        "<ListBucketResult><KeyCount>1</KeyCount><Contents><Key>k</Key>\
        <Size>3</Size></Contents><Contents><Key>l</Key></Contents></ListBucketResult>",
    );
    assert_eq!(listed, json!({"KeyCount": 1, "Contents": [{"Key": "k", "Size": 3}, {"Key": "l"}]}));
}

#[test]
fn what_is_no_answer_is_told() {
    let service = Library::shared().service("sns").expect("there is one");
    let operation = service.operation("listTopics").expect("there is one");
    for body in ["", "<a><b></a>", "{}"] {
        let reply =
            Reply { status: StatusCode::OK, headers: HeaderMap::new(), body: body.as_bytes().to_vec(), cut: false };
        assert!(read(&service, operation, &reply).is_err(), "{body}");
    }
    let deep = "<a>".repeat(100_000);
    let reply = Reply { status: StatusCode::OK, headers: HeaderMap::new(), body: deep.into_bytes(), cut: false };
    assert!(read(&service, operation, &reply).is_err_and(|why| why.contains("nested too deeply")));
}
