//! Services of AWS, called as their users call them: the binary against moto, which checks signatures (for Lambda it can't).
//!
//! `scripts/test` starts moto; `scripts/moto env` prints what these tests want to know.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::broker::{Broker, unique};
use crate::daemon::{Pipeline, binary};

/// A variable that says where moto is.
fn told(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("the tests of AWS need moto, and {name} isn't set: run scripts/test, or scripts/moto start and export what scripts/moto env prints")
    })
}

/// The account that moto plays.
const ACCOUNT: &str = "123456789012";

/// A user's folder: a configuration with `[aws]`, and definitions.
struct User {
    folder: PathBuf,
}

/// What `exec` said.
struct Said {
    /// The output; null for a failure.
    output: Value,
    error: String,
    cause: String,
    /// Everything.
    text: String,
}

impl User {
    /// One whose signatures are checked.
    fn known() -> User {
        User::new(&told("MOTO_ENDPOINT"), &told("MOTO_ACCESS_KEY_ID"), &told("MOTO_SECRET_ACCESS_KEY"))
    }

    /// One whose signatures nobody checks.
    fn open() -> User {
        User::new(&told("MOTO_OPEN_ENDPOINT"), "any", "thing")
    }

    fn new(endpoint: &str, id: &str, secret: &str) -> User {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique("aws"));
        fs::create_dir_all(&folder).expect("a folder for the test");
        let aws = aws_table(endpoint, id, secret);
        let pipeline = "[kafka]\nbootstrap.servers = \"127.0.0.1:1\"\n[[pipeline]]\nname = \"p\"\nsources = [\"none\"]\n\
                        workflow = \"machine.asl.json\"\n";
        // One execution needs no pipeline.
        for (file, config) in [("aws.toml", aws.clone()), ("stepstream.toml", format!("{aws}{pipeline}"))] {
            fs::write(folder.join(file), config).expect("the configuration is written");
        }
        User { folder }
    }

    /// Runs a definition.
    fn run(&self, definition: &Value, input: &Value) -> Said {
        let file = self.folder.join("machine.asl.json");
        fs::write(&file, definition.to_string()).expect("the definition is written");
        let output = Command::new(binary())
            .args(["exec", "--json", "--config"])
            .arg(self.folder.join("aws.toml"))
            .arg(&file)
            .args(["-i", &input.to_string()])
            .output()
            .expect("exec runs");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {text}"));
        let part = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Said { output: answer["output"].clone(), error: part("error"), cause: part("cause"), text }
    }

    /// Runs one task.
    fn task(&self, resource: &str, parameters: &Value) -> Said {
        self.run(&machine(resource, parameters), &json!({}))
    }

    /// The result of one task that has to succeed.
    fn result(&self, resource: &str, parameters: &Value) -> Value {
        let said = self.task(resource, parameters);
        assert!(said.error.is_empty(), "{resource}: {}", said.text);
        said.output
    }

    /// The failure of one task.
    fn failure(&self, resource: &str, parameters: &Value) -> (String, String) {
        let said = self.task(resource, parameters);
        assert!(!said.error.is_empty(), "{resource}: {}", said.text);
        (said.error, said.cause)
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder); // what is left is in target
    }
}

fn aws_table(endpoint: &str, id: &str, secret: &str) -> String {
    format!(
        "[aws]\nregion = \"us-east-1\"\naccount_id = \"{ACCOUNT}\"\nendpoint = \"{endpoint}\"\naccess_key_id = \"{id}\"\n\
         secret_access_key = \"{secret}\"\n"
    )
}

fn machine(resource: &str, parameters: &Value) -> Value {
    json!({"StartAt": "Call", "States": {"Call": {
        "Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters, "End": true
    }}})
}

/// A table with the key `id`.
fn table(user: &User) -> String {
    let name = unique("orders");
    let made = user.result(
        "aws-sdk:dynamodb:createTable",
        &json!({
            "TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]
        }),
    );
    let created = made["TableDescription"]["CreationDateTime"].as_str().expect("a moment in ISO 8601");
    assert!(created.ends_with('Z') && created.contains('T'), "{created}");
    name
}

/// A queue, and its URL.
fn queue(user: &User) -> String {
    let made = user.result("aws-sdk:sqs:createQueue", &json!({"QueueName": unique("queue")}));
    made["QueueUrl"].as_str().expect("a URL").to_owned()
}

/// The body of the next message of a queue.
fn received(user: &User, queue: &str) -> Value {
    let got = user.result("aws-sdk:sqs:receiveMessage", &json!({"QueueUrl": queue, "WaitTimeSeconds": 5}));
    serde_json::from_str(got["Messages"][0]["Body"].as_str().unwrap_or_else(|| panic!("a message: {got}")))
        .expect("JSON")
}

#[test]
fn dynamodb_keeps_changes_and_gives_items() {
    let user = User::known();
    let table = table(&user);
    let key = json!({"id": {"S": "ord-1"}});
    let item = json!({"id": {"S": "ord-1"}, "customerName": {"S": "Ann"}, "total": {"N": "12.50"}});
    let put = user.result("dynamodb:putItem", &json!({"TableName": table, "Item": item}));
    assert_eq!(put["SdkHttpMetadata"]["HttpStatusCode"], 200, "{put}");
    assert!(put["SdkResponseMetadata"]["RequestId"].as_str().is_some_and(|id| !id.is_empty()), "{put}");
    let got = user.result("dynamodb:getItem", &json!({"TableName": table, "Key": key}));
    assert_eq!(got["Item"], item);
    let update = json!({
        "TableName": table, "Key": key, "UpdateExpression": "SET paid = :yes", "ReturnValues": "UPDATED_NEW",
        "ExpressionAttributeValues": {":yes": {"BOOL": true}}
    });
    assert_eq!(user.result("dynamodb:updateItem", &update)["Attributes"], json!({"paid": {"BOOL": true}}));
    let again = json!({"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(id)"});
    let (error, cause) = user.failure("dynamodb:putItem", &again);
    assert_eq!(error, "DynamoDB.ConditionalCheckFailedException");
    assert!(
        cause.contains("(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException;"),
        "{cause}"
    );
    user.result("dynamodb:deleteItem", &json!({"TableName": table, "Key": key}));
    let gone = user.result("dynamodb:getItem", &json!({"TableName": table, "Key": key}));
    assert_eq!(gone.get("Item"), None, "{gone}");
    let (error, _) = user.failure("dynamodb:getItem", &json!({"TableName": "nosuch", "Key": key}));
    assert_eq!(error, "DynamoDB.ResourceNotFoundException");
    let (error, cause) = user.failure("aws-sdk:dynamodb:getItem", &json!({"TableName": "nosuch", "Key": key}));
    assert_eq!(error, "DynamoDb.ResourceNotFoundException");
    assert!(cause.contains("(Service: DynamoDb, Status Code: 400, Request ID: "), "{cause}");
    let (error, cause) = user.failure("dynamodb:putItem", &json!({"TableName": table, "Itm": item}));
    assert_eq!(error, "States.Runtime");
    assert!(cause.contains("The field \"Itm\" is not supported by Step Functions"), "{cause}");
}

#[test]
fn sqs_sns_and_eventbridge_take_json() {
    let user = User::known();
    let queue = queue(&user);
    let sent = user.result("sqs:sendMessage", &json!({"QueueUrl": queue, "MessageBody": {"orderId": "ord-1"}}));
    assert!(sent["MD5OfMessageBody"].is_string() && sent["MessageId"].is_string(), "{sent}");
    assert_eq!(received(&user, &queue), json!({"orderId": "ord-1"}));
    let (error, cause) =
        user.failure("sqs:sendMessage", &json!({"QueueUrl": format!("{queue}-no"), "MessageBody": "x"}));
    assert_eq!(error, "SQS.QueueDoesNotExistException", "{cause}");

    let arn = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{}", queue.rsplit('/').next().expect("a name"));
    let topic = user.result("aws-sdk:sns:createTopic", &json!({"Name": unique("topic")}));
    let topic = topic["TopicArn"].as_str().expect("an ARN");
    user.result(
        "aws-sdk:sns:subscribe",
        &json!({
            "TopicArn": topic, "Protocol": "sqs", "Endpoint": arn, "Attributes": {"RawMessageDelivery": "true"}
        }),
    );
    let published = user.result(
        "sns:publish",
        &json!({
            "TopicArn": topic, "Message": {"orderId": "ord-2"},
            "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "order"}}
        }),
    );
    assert!(published["MessageId"].is_string(), "{published}");
    assert_eq!(received(&user, &queue), json!({"orderId": "ord-2"}));
    let (error, cause) = user.failure("sns:publish", &json!({"TopicArn": format!("{topic}-no"), "Message": "x"}));
    assert_eq!(error, "SNS.NotFoundException", "{cause}");
    assert!(cause.contains("(Service: AmazonSNS; Status Code: 404; Error Code: NotFound;"), "{cause}");

    let rule = unique("rule");
    let source = unique("shop");
    let pattern = json!({"source": [source]}).to_string();
    user.result("aws-sdk:eventbridge:putRule", &json!({"Name": rule, "EventPattern": pattern}));
    user.result("aws-sdk:eventbridge:putTargets", &json!({"Rule": rule, "Targets": [{"Id": "queue", "Arn": arn}]}));
    let entry = json!({"Source": source, "DetailType": "order", "Detail": {"orderId": "ord-3"}});
    let put = user.result("events:putEvents", &json!({"Entries": [entry]}));
    assert_eq!(put["FailedEntryCount"], 0, "{put}");
    let event = received(&user, &queue);
    assert_eq!(event["detail"], json!({"orderId": "ord-3"}));
    let resources: Vec<&str> =
        event["resources"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(resources[0].ends_with(":stateMachine:machine") && resources.len() == 2, "{event}");
    let broken = json!({"Entries": [{"Source": source, "Detail": {}}]});
    let (error, cause) = user.failure("events:putEvents", &broken);
    assert_eq!(error, "EventBridge.FailedEntry", "{cause}");
    let cause: Value = serde_json::from_str(&cause).expect("the whole answer");
    assert_eq!(cause["FailedEntryCount"], 1, "{cause}");
}

#[test]
fn objects_of_s3_keep_any_name_and_are_signed_right() {
    let user = User::known();
    let bucket = unique("bucket");
    user.result("aws-sdk:s3:createBucket", &json!({"Bucket": bucket}));
    for key in ["plain.json", "a b/ü+&=.txt", "2026/11/28//x~(1)*'!.json"] {
        let put = json!({"Bucket": bucket, "Key": key, "Body": {"key": key}, "Metadata": {"order": "1"}});
        let stored = user.result("aws-sdk:s3:putObject", &put);
        assert!(stored["ETag"].as_str().is_some_and(|tag| tag.starts_with('"')), "{stored}");
        let got = user.result("aws-sdk:s3:getObject", &json!({"Bucket": bucket, "Key": key}));
        assert_eq!(got["Body"], json!({"key": key}).to_string());
        assert_eq!(got["Metadata"], json!({"order": "1"}));
        assert!(got["LastModified"].as_str().is_some_and(|moment| moment.ends_with('Z')), "{got}");
    }
    // A text is stored with its quotes.
    user.result("aws-sdk:s3:putObject", &json!({"Bucket": bucket, "Key": "text", "Body": "text data"}));
    assert_eq!(user.result("aws-sdk:s3:getObject", &json!({"Bucket": bucket, "Key": "text"}))["Body"], "\"text data\"");
    let listed = user.result("aws-sdk:s3:listObjectsV2", &json!({"Bucket": bucket, "Prefix": "a b/"}));
    assert_eq!((&listed["KeyCount"], &listed["Contents"][0]["Key"]), (&json!(1), &json!("a b/ü+&=.txt")));
    let delete = json!({"Bucket": bucket, "Delete": {"Objects": [{"Key": "plain.json"}, {"Key": "text"}]}});
    assert_eq!(user.result("aws-sdk:s3:deleteObjects", &delete)["Deleted"].as_array().map(Vec::len), Some(2));
    let (error, cause) = user.failure("aws-sdk:s3:getObject", &json!({"Bucket": bucket, "Key": "text"}));
    assert_eq!(error, "S3.NoSuchKeyException", "{cause}");
    let (error, _) = user.failure("aws-sdk:s3:headObject", &json!({"Bucket": bucket, "Key": "text"}));
    assert_eq!(error, "S3.NoSuchKeyException");
}

#[test]
fn distributed_maps_read_and_write_buckets() {
    let user = User::known();
    let bucket = unique("bucket");
    user.result("aws-sdk:s3:createBucket", &json!({"Bucket": bucket}));
    let orders: Vec<Value> = (0..3).map(|number| json!({"id": number})).collect();
    user.result("aws-sdk:s3:putObject", &json!({"Bucket": bucket, "Key": "in/a b.json", "Body": orders}));
    let map = |reader: Value| {
        json!({"StartAt": "Each", "States": {"Each": {
            "Type": "Map", "End": true, "ItemReader": reader,
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": bucket, "Prefix": "out"}
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "StartAt": "P",
                "States": {"P": {"Type": "Pass", "End": true}}
            }
        }}})
    };
    let object = |key: &str| {
        json!({
            "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": bucket, "Key": key}
        })
    };
    let result_of = |said: Said| {
        assert!(said.error.is_empty(), "{}", said.text);
        let manifest = said.output["ResultWriterDetails"]["Key"].as_str().expect("a key").to_owned();
        let get = |key: &str| {
            let got = user.result("aws-sdk:s3:getObject", &json!({"Bucket": bucket, "Key": key}));
            serde_json::from_str::<Value>(got["Body"].as_str().expect("text")).expect("JSON")
        };
        let succeeded = get(&manifest)["ResultFiles"]["SUCCEEDED"][0]["Key"].as_str().expect("a file").to_owned();
        get(&succeeded)
    };
    let results = result_of(user.run(&map(object("in/a b.json")), &json!({})));
    let outputs: Vec<Value> = results
        .as_array()
        .expect("a list")
        .iter()
        .map(|result| serde_json::from_str(result["Output"].as_str().expect("text")).expect("JSON"))
        .collect();
    assert_eq!(outputs, orders);
    let list = json!({
        "Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": bucket, "Prefix": "in/"}
    });
    let listed = result_of(user.run(&map(list), &json!({})));
    let entry: Value = serde_json::from_str(listed[0]["Output"].as_str().expect("text")).expect("JSON");
    assert_eq!((&entry["Key"], &entry["StorageClass"]), (&json!("in/a b.json"), &json!("STANDARD")), "{entry}");
    assert!(entry["LastModified"].is_u64() && entry["Size"].as_u64().is_some_and(|size| size > 0), "{entry}");
    let said = user.run(&map(object("in/none.json")), &json!({}));
    assert_eq!(said.error, "States.ItemReaderFailed", "{}", said.text);
    assert!(said.cause.contains("Status Code: 404"), "{}", said.cause);
}

#[test]
fn jobs_are_started_without_being_waited_for() {
    let user = User::known();
    let role = json!({"RoleName": unique("role"), "AssumeRolePolicyDocument": "{}"});
    let role = user.result("aws-sdk:iam:createRole", &role)["Role"]["Arn"].clone();
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}).to_string();
    let made = user.result(
        "aws-sdk:sfn:createStateMachine",
        &json!({"Name": unique("machine"), "Definition": definition, "RoleArn": role}),
    );
    let machine = &made["StateMachineArn"];
    let start = json!({"StateMachineArn": machine, "Input": {"orderId": "ord-1"}});
    let started = user.result("states:startExecution", &start);
    assert!(started["StartDate"].is_u64() && started["SdkHttpMetadata"].is_object(), "{started}");
    let described = user.result("aws-sdk:sfn:describeExecution", &json!({"ExecutionArn": started["ExecutionArn"]}));
    assert_eq!(described["Input"], "{\"orderId\":\"ord-1\"}", "{described}");
    assert!(described["StartDate"].as_str().is_some_and(|moment| moment.ends_with('Z')), "{described}");
    let (error, cause) = user.failure(
        "states:startExecution",
        &json!({"StateMachineArn": format!("{}-no", machine.as_str().expect("an ARN")), "Input": {}}),
    );
    assert_eq!(error, "StepFunctions.StateMachineDoesNotExistException", "{cause}");

    let cluster = unique("cluster");
    user.result("aws-sdk:ecs:createCluster", &json!({"ClusterName": cluster}));
    let container = json!({"Name": "app", "Image": "app:1", "Memory": 64});
    let family = unique("task");
    user.result("aws-sdk:ecs:registerTaskDefinition", &json!({"Family": family, "ContainerDefinitions": [container]}));
    let subnets = user.result("aws-sdk:ec2:describeSubnets", &json!({"MaxResults": 5}));
    let groups = user.result("aws-sdk:ec2:describeSecurityGroups", &json!({}));
    let run = json!({
        "Cluster": cluster, "TaskDefinition": family, "LaunchType": "FARGATE", "NetworkConfiguration": {
            "AwsvpcConfiguration": {
                "Subnets": [subnets["Subnets"][0]["SubnetId"]],
                "SecurityGroups": [groups["SecurityGroups"][0]["GroupId"]]
            }
        }
    });
    let ran = user.result("ecs:runTask", &run);
    assert!(ran["Tasks"][0]["TaskArn"].is_string() && ran["Failures"] == json!([]), "{ran}");
    let unknown = json!({"Cluster": format!("{cluster}-no"), "TaskDefinition": family});
    let (error, cause) = user.failure("ecs:runTask", &unknown);
    assert_eq!(error, "ECS.ClusterNotFoundException", "{cause}");
}

#[test]
fn a_wrong_secret_is_refused_and_never_shown() {
    let user = User::new(&told("MOTO_ENDPOINT"), &told("MOTO_ACCESS_KEY_ID"), "aWrongSecret");
    let said = user.task("sqs:sendMessage", &json!({"QueueUrl": "http://q/1/q", "MessageBody": "x"}));
    assert_eq!(said.error, "SQS.AmazonSQSException", "{}", said.text);
    assert!(said.cause.contains("Status Code: 403; Error Code: SignatureDoesNotMatch;"), "{}", said.cause);
    let said = user.task("aws-sdk:s3:listBuckets", &json!({}));
    assert_eq!(said.error, "S3.S3Exception", "{}", said.text);
    assert!(!said.text.contains("aWrongSecret"), "{}", said.text);
}

#[test]
fn the_role_of_a_state_is_assumed() {
    let user = User::known();
    // moto takes the second for nobody.
    let [open, closed] = ["*", "arn:aws:iam::999999999999:root"].map(|principal| {
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}
        ]});
        let role = json!({"RoleName": unique("role"), "AssumeRolePolicyDocument": policy.to_string()});
        let everything =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let made = user.result("aws-sdk:iam:createRole", &role);
        let policy =
            json!({"RoleName": role["RoleName"], "PolicyName": "all", "PolicyDocument": everything.to_string()});
        user.result("aws-sdk:iam:putRolePolicy", &policy);
        made["Role"]["Arn"].clone()
    });
    let mut machine = machine("aws-sdk:sts:getCallerIdentity", &json!({}));
    let own = user.run(&machine, &json!({})).output;
    assert!(own["Arn"].as_str().is_some_and(|arn| arn.ends_with(":user/stepstream")), "{own}");
    machine["States"]["Call"]["Credentials"] = json!({"RoleArn": open});
    let said = user.run(&machine, &json!({}));
    assert!(said.output["Arn"].as_str().is_some_and(|arn| arn.contains(":assumed-role/")), "{}", said.text);
    machine["States"]["Call"]["Credentials"] = json!({"RoleArn": closed});
    let said = user.run(&machine, &json!({}));
    assert_eq!(said.error, "States.TaskFailed", "{}", said.text);
    let words = "is not authorized to assume the task state's role, arn:aws:iam::";
    assert!(said.cause.contains(words), "{}", said.cause);
}

#[test]
fn functions_are_invoked_by_name_and_by_arn() {
    let user = User::open();
    let role =
        user.result("aws-sdk:iam:createRole", &json!({"RoleName": unique("role"), "AssumeRolePolicyDocument": "{}"}));
    let name = unique("price");
    let made = user.result("aws-sdk:s3:createBucket", &json!({"Bucket": name}));
    assert!(made["Location"].is_string(), "{made}");
    user.result("aws-sdk:s3:putObject", &json!({"Bucket": name, "Key": "code", "Body": {}}));
    user.result(
        "aws-sdk:lambda:createFunction",
        &json!({
            "FunctionName": name, "Runtime": "python3.13", "Handler": "price.handler", "Role": role["Role"]["Arn"],
            "Code": {"S3Bucket": name, "S3Key": "code"}
        }),
    );
    let invoked = user.result("lambda:invoke", &json!({"FunctionName": name, "Payload": {"sku": "a"}}));
    assert_eq!((&invoked["StatusCode"], &invoked["ExecutedVersion"]), (&json!(200), &json!("$LATEST")), "{invoked}");
    let event = user.result("lambda:invoke", &json!({"FunctionName": name, "InvocationType": "Event"}));
    assert_eq!(event["StatusCode"], 202, "{event}");
    let arn = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}");
    let direct = json!({"StartAt": "F", "States": {"F": {"Type": "Task", "Resource": arn, "End": true}}});
    let said = user.run(&direct, &json!({"sku": "a"}));
    assert_eq!((said.output, said.error), (invoked["Payload"].clone(), String::new()), "{}", said.text);
    // moto invokes whatever is named; that there is no such function it says elsewhere.
    let (error, cause) = user.failure("aws-sdk:lambda:getFunction", &json!({"FunctionName": format!("{name}-no")}));
    assert_eq!(error, "Lambda.ResourceNotFoundException", "{cause}");
    assert!(cause.contains("(Service: Lambda, Status Code: 404, Request ID: "), "{cause}");
}

#[test]
fn what_aws_does_not_have_or_has_to_be_waited_for_is_refused_by_check() {
    let user = User::known();
    for (resource, part) in [
        ("aws-sdk:dynamodb:putItems", "did you mean \"putItem\"?"),
        ("aws-sdk:dynamdb:putItem", "did you mean \"dynamodb\"?"),
        (
            "sqs:sendMessage.waitForTaskToken",
            "none can come: only `stepstream run` takes callbacks, with [callbacks] or [api]",
        ),
        ("ecs:runTask.sync", "doesn't wait for the end of the job"),
        ("http:invoke", "doesn't have the optimised integration http:invoke"),
    ] {
        let text = machine(resource, &json!({})).to_string();
        fs::write(user.folder.join("machine.asl.json"), text).expect("the definition is written");
        let output = Command::new(binary())
            .args(["run", "--check", "--config"])
            .arg(user.folder.join("stepstream.toml"))
            .output()
            .expect("run --check runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.replace("\n    │ ", " ").contains(part), "{resource}: {said}");
    }
}

/// Orders from Kafka: kept, put on a queue, told to everybody, each once.
#[test]
fn a_pipeline_calls_services_for_its_events() {
    const EVENTS: usize = 20;
    let broker = Broker::connect();
    let user = User::known();
    let (table, queue) = (table(&user), queue(&user));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/workflows/aws.asl.json");
    let definition = fs::read_to_string(file).expect("an example workflow");
    let definition = definition.replace("\"orders\"", &json!(table).to_string());
    let definition = definition.replace("https://sqs.us-east-1.amazonaws.com/123456789012/shipments", &queue);
    let pipeline = Pipeline::with_definition(&broker, "aws", 1, &definition).tables(&aws_table(
        &told("MOTO_ENDPOINT"),
        &told("MOTO_ACCESS_KEY_ID"),
        &told("MOTO_SECRET_ACCESS_KEY"),
    ));
    let _daemon = pipeline.start();
    let feed = broker.producer();
    let mut results = broker.reader(&pipeline.sink.name);
    // Each comes twice: the second time it is known.
    for status in ["SHIPPED", "ALREADY_SHIPPED"] {
        for number in 0..EVENTS {
            let event = json!({"orderId": format!("ord-{number}"), "total": number}).to_string();
            feed.send(&pipeline.source.name, "key", event.as_bytes());
        }
        feed.flush();
        for record in results.take(EVENTS, "results") {
            assert_eq!(record.json()["status"], status);
        }
    }
    let counted = user.result("aws-sdk:sqs:getQueueAttributes", &json!({"QueueUrl": queue, "AttributeNames": ["All"]}));
    assert_eq!(counted["Attributes"]["ApproximateNumberOfMessages"], EVENTS.to_string(), "{counted}");
}
