//! Every rule that a definition must keep, with what breaks it: the errors are compared by code and location, all of them.

use stepstream::asl::{MachineType, ReadOptions, read_with};

/// Names of the codes, to keep the table narrow.
const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
const TARGET: &str = "MISSING_TRANSITION_TARGET";
const JSONATA: &str = "INVALID_JSONATA_EXPRESSION";

type Fault = (&'static str, &'static str);

/// A state `S` of a JSONPath machine that also has a state `T` to go to.
const JSONPATH_STATES: &[(&str, &[Fault])] = &[
    // Every state.
    (r#"{"End": true}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Nothing", "End": true}"#, &[(SCHEMA, "/States/S/Type")]),
    (r#"{"Type": 5, "End": true}"#, &[(SCHEMA, "/States/S/Type")]),
    (r#"[]"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Pass", "Comment": 5, "End": true}"#, &[(SCHEMA, "/States/S/Comment")]),
    (r#"{"Type": "Pass", "Resource": "x", "End": true}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Pass", "Output": 1, "Arguments": 1, "End": true}"#, &[(SCHEMA, "/States/S"), (SCHEMA, "/States/S")]),
    (r#"{"Type": "Pass", "QueryLanguage": "XPath", "End": true}"#, &[(SCHEMA, "/States/S/QueryLanguage")]),
    (r#"{"Type": "Pass", "QueryLanguage": 1, "End": true}"#, &[(SCHEMA, "/States/S/QueryLanguage")]),
    // Transitions.
    (r#"{"Type": "Pass"}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Pass", "End": true, "Next": "T"}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Pass", "End": false}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Pass", "End": 1}"#, &[(SCHEMA, "/States/S/End")]),
    (r#"{"Type": "Pass", "Next": 1}"#, &[(SCHEMA, "/States/S/Next")]),
    (r#"{"Type": "Pass", "Next": "U"}"#, &[(TARGET, "/States/S/Next")]),
    (r#"{"Type": "Succeed", "Next": "T"}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Fail", "End": true}"#, &[(SCHEMA, "/States/S")]),
    (
        r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "T"}], "Next": "T"}"#,
        &[(SCHEMA, "/States/S")],
    ),
    // Paths.
    (r#"{"Type": "Pass", "InputPath": "a", "End": true}"#, &[(SCHEMA, "/States/S/InputPath")]),
    (r#"{"Type": "Pass", "OutputPath": "$.a[", "End": true}"#, &[(SCHEMA, "/States/S/OutputPath")]),
    (r#"{"Type": "Pass", "InputPath": 5, "End": true}"#, &[(SCHEMA, "/States/S/InputPath")]),
    (r#"{"Type": "Pass", "ResultPath": "$$.a", "End": true}"#, &[(SCHEMA, "/States/S/ResultPath")]),
    (r#"{"Type": "Pass", "ResultPath": "$v", "End": true}"#, &[(SCHEMA, "/States/S/ResultPath")]),
    (r#"{"Type": "Pass", "ResultPath": "$.a[*]", "End": true}"#, &[(SCHEMA, "/States/S/ResultPath")]),
    // Payload templates.
    (r#"{"Type": "Pass", "Parameters": {"a.$": 5}, "End": true}"#, &[(SCHEMA, "/States/S/Parameters")]),
    (r#"{"Type": "Pass", "Parameters": {"a": {"b.$": "text"}}, "End": true}"#, &[(SCHEMA, "/States/S/Parameters")]),
    (
        r#"{"Type": "Pass", "Parameters": {"a.$": "States.Nothing()"}, "End": true}"#,
        &[(SCHEMA, "/States/S/Parameters")],
    ),
    (
        r#"{"Type": "Pass", "Parameters": {"a.$": "States.Format('{}'"}, "End": true}"#,
        &[(SCHEMA, "/States/S/Parameters")],
    ),
    (r#"{"Type": "Pass", "Parameters": {"a": 1, "a.$": "$"}, "End": true}"#, &[(SCHEMA, "/States/S/Parameters")]),
    // Variables.
    (r#"{"Type": "Pass", "Assign": [], "End": true}"#, &[(SCHEMA, "/States/S/Assign")]),
    (r#"{"Type": "Pass", "Assign": {"states": 1}, "End": true}"#, &[(SCHEMA, "/States/S/Assign")]),
    (
        r#"{"Type": "Pass", "Assign": {"a-b": 1, "1": 2}, "End": true}"#,
        &[(SCHEMA, "/States/S/Assign"), (SCHEMA, "/States/S/Assign")],
    ),
    (
        r#"{"Type": "Parallel", "Assign": {"v": 1}, "End": true, "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {"v": 1}, "End": true}}}]}"#,
        &[],
    ),
    // Choice.
    (r#"{"Type": "Choice", "Default": "T"}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Choice", "Choices": [], "Default": "T"}"#, &[(SCHEMA, "/States/S/Choices")]),
    (r#"{"Type": "Choice", "Choices": [5], "Default": "T"}"#, &[(SCHEMA, "/States/S/Choices[0]")]),
    (
        r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true}], "Default": "T"}"#,
        &[(SCHEMA, "/States/S/Choices[0]")],
    ),
    (r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "Next": "T"}]}"#, &[(SCHEMA, "/States/S/Choices[0]")]),
    (r#"{"Type": "Choice", "Choices": [{"IsNull": true, "Next": "T"}]}"#, &[(SCHEMA, "/States/S/Choices[0]")]),
    (
        r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "IsString": true, "Next": "T"}]}"#,
        &[(SCHEMA, "/States/S/Choices[0]")],
    ),
    (r#"{"Type": "Choice", "Choices": [{"And": [], "Next": "T"}]}"#, &[(SCHEMA, "/States/S/Choices[0]/And")]),
    (r#"{"Type": "Choice", "Choices": [{"Not": [], "Next": "T"}]}"#, &[(SCHEMA, "/States/S/Choices[0]/Not")]),
    (
        r#"{"Type": "Choice", "Choices": [{"Or": [{"Variable": "$.a", "IsNull": true, "Next": "T"}], "Next": "T"}]}"#,
        &[(SCHEMA, "/States/S/Choices[0]/Or[0]")],
    ),
    (
        r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEquals": 1, "Next": "T"}]}"#,
        &[(SCHEMA, "/States/S/Choices[0]/StringEquals")],
    ),
    (
        r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericLessThan": "1", "Next": "T"}]}"#,
        &[(SCHEMA, "/States/S/Choices[0]/NumericLessThan")],
    ),
    (
        r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": "x", "Next": "T"}]}"#,
        &[(SCHEMA, "/States/S/Choices[0]/IsPresent")],
    ),
    (
        r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "TimestampEquals": "2020-01-01", "Next": "T"}]}"#,
        &[(SCHEMA, "/States/S/Choices[0]/TimestampEquals")],
    ),
    (
        r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEqualsPath": "b", "Next": "T"}]}"#,
        &[(SCHEMA, "/States/S/Choices[0]/StringEqualsPath")],
    ),
    (
        r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "U"}], "Default": "T"}"#,
        &[(TARGET, "/States/S/Choices[0]/Next")],
    ),
    (
        r#"{"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "T"}], "Default": "U"}"#,
        &[(TARGET, "/States/S/Default")],
    ),
    (
        r#"{"Type": "Choice", "Choices": [{"Condition": true, "Next": "T"}]}"#,
        &[(SCHEMA, "/States/S/Choices[0]"), (SCHEMA, "/States/S/Choices[0]")],
    ),
    // Wait and Fail.
    (r#"{"Type": "Wait", "End": true}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Wait", "Seconds": 1, "SecondsPath": "$.s", "End": true}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Wait", "Seconds": -1, "End": true}"#, &[(SCHEMA, "/States/S/Seconds")]),
    (r#"{"Type": "Wait", "Seconds": 1.5, "End": true}"#, &[(SCHEMA, "/States/S/Seconds")]),
    (r#"{"Type": "Wait", "Seconds": 100000000, "End": true}"#, &[(SCHEMA, "/States/S/Seconds")]),
    (r#"{"Type": "Wait", "SecondsPath": "$.a[*]", "End": true}"#, &[(SCHEMA, "/States/S/SecondsPath")]),
    (r#"{"Type": "Wait", "Timestamp": "2020-01-01T00:00:00", "End": true}"#, &[(SCHEMA, "/States/S/Timestamp")]),
    (r#"{"Type": "Fail", "Error": "a", "ErrorPath": "$.a"}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Fail", "ErrorPath": "States.StringToJson($.j)"}"#, &[(SCHEMA, "/States/S/ErrorPath")]),
    (r#"{"Type": "Fail", "CausePath": "States.MathAdd(1, 2)"}"#, &[(SCHEMA, "/States/S/CausePath")]),
    (r#"{"Type": "Fail", "CausePath": "States.Array('a')"}"#, &[(SCHEMA, "/States/S/CausePath")]),
    (r#"{"Type": "Fail", "ErrorPath": "States.ArrayGetItem($.a, 0)", "CausePath": "States.Format('{}', $.b)  "}"#, &[]),
    (r#"{"Type": "Fail", "Cause": "a", "CausePath": "$.a"}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Fail", "Cause": 1}"#, &[(SCHEMA, "/States/S/Cause")]),
    // Task.
    (r#"{"Type": "Task", "End": true}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Task", "Resource": "", "End": true}"#, &[(SCHEMA, "/States/S/Resource")]),
    (r#"{"Type": "Task", "Resource": "arn:aws:states:::sqs:nothing", "End": true}"#, &[(SCHEMA, "/States/S/Resource")]),
    (r#"{"Type": "Task", "Resource": "$.function", "End": true}"#, &[(SCHEMA, "/States/S/Resource")]),
    (r#"{"Type": "Task", "Resource": "r", "TimeoutSeconds": 0, "End": true}"#, &[(SCHEMA, "/States/S/TimeoutSeconds")]),
    (
        r#"{"Type": "Task", "Resource": "r", "TimeoutSeconds": 1, "TimeoutSecondsPath": "$.t", "End": true}"#,
        &[(SCHEMA, "/States/S")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "HeartbeatSeconds": 1, "HeartbeatSecondsPath": "$.t", "End": true}"#,
        &[(SCHEMA, "/States/S")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "TimeoutSeconds": 5, "HeartbeatSeconds": 5, "End": true}"#,
        &[(SCHEMA, "/States/S/HeartbeatSeconds")],
    ),
    (r#"{"Type": "Task", "Resource": "r", "Credentials": {}, "End": true}"#, &[(SCHEMA, "/States/S/Credentials")]),
    // Retry and Catch.
    (r#"{"Type": "Pass", "Retry": [], "Catch": [], "End": true}"#, &[(SCHEMA, "/States/S"), (SCHEMA, "/States/S")]),
    (r#"{"Type": "Task", "Resource": "r", "Retry": {}, "End": true}"#, &[(SCHEMA, "/States/S/Retry")]),
    (r#"{"Type": "Task", "Resource": "r", "Retry": [1], "End": true}"#, &[(SCHEMA, "/States/S/Retry[0]")]),
    (r#"{"Type": "Task", "Resource": "r", "Retry": [{}], "End": true}"#, &[(SCHEMA, "/States/S/Retry[0]")]),
    (
        r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": []}], "End": true}"#,
        &[(SCHEMA, "/States/S/Retry[0]/ErrorEquals")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": [1]}], "End": true}"#,
        &[(SCHEMA, "/States/S/Retry[0]/ErrorEquals[0]")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["States.ALL", "E"]}], "End": true}"#,
        &[(SCHEMA, "/States/S/Retry[0]/ErrorEquals[0]")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}], "End": true}"#,
        &[(SCHEMA, "/States/S/Retry[0]/ErrorEquals[0]")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 0}], "End": true}"#,
        &[(SCHEMA, "/States/S/Retry[0]/IntervalSeconds")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": -1}], "End": true}"#,
        &[(SCHEMA, "/States/S/Retry[0]/MaxAttempts")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 100000000}], "End": true}"#,
        &[(SCHEMA, "/States/S/Retry[0]/MaxAttempts")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["E"], "BackoffRate": 0.9}], "End": true}"#,
        &[(SCHEMA, "/States/S/Retry[0]/BackoffRate")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["E"], "MaxDelaySeconds": 1}], "End": true}"#,
        &[(SCHEMA, "/States/S/Retry[0]/MaxDelaySeconds")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["E"], "MaxDelaySeconds": 31622400}], "End": true}"#,
        &[(SCHEMA, "/States/S/Retry[0]/MaxDelaySeconds")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["E"], "JitterStrategy": "SOME"}], "End": true}"#,
        &[(SCHEMA, "/States/S/Retry[0]/JitterStrategy")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["E"], "Next": "T"}], "End": true}"#,
        &[(SCHEMA, "/States/S/Retry[0]")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Catch": [{"ErrorEquals": ["E"]}], "End": true}"#,
        &[(SCHEMA, "/States/S/Catch[0]")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Catch": [{"ErrorEquals": ["E"], "Next": "U"}], "End": true}"#,
        &[(TARGET, "/States/S/Catch[0]/Next")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Catch": [{"ErrorEquals": ["E"], "Output": 1, "Next": "T"}], "End": true}"#,
        &[(SCHEMA, "/States/S/Catch[0]")],
    ),
    // Parallel and Map.
    (r#"{"Type": "Parallel", "End": true}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Parallel", "Branches": [], "End": true}"#, &[(SCHEMA, "/States/S/Branches")]),
    (r#"{"Type": "Parallel", "Branches": {}, "End": true}"#, &[(SCHEMA, "/States/S/Branches")]),
    (r#"{"Type": "Parallel", "Branches": [{}], "End": true}"#, &[(SCHEMA, "/States/S/Branches[0]")]),
    (
        r#"{"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "T"}}}], "End": true}"#,
        &[(TARGET, "/States/S/Branches[0]/States/A/Next")],
    ),
    (
        r#"{"Type": "Parallel", "Branches": [{"StartAt": "A", "TimeoutSeconds": 5, "States": {"A": {"Type": "Succeed"}}}], "End": true}"#,
        &[(SCHEMA, "/States/S/Branches[0]")],
    ),
    (
        r#"{"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}}], "End": true}"#,
        &[(TARGET, "/States/S/Branches[0]/States/B")],
    ),
    (
        r#"{"Type": "Parallel", "Branches": [{"StartAt": "T", "States": {"T": {"Type": "Succeed"}}}], "End": true}"#,
        &[("DUPLICATE_STATE_NAME", "/States/T")],
    ),
    (r#"{"Type": "Map", "End": true}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Map", "ItemProcessor": P, "Iterator": P, "End": true}"#, &[(SCHEMA, "/States/S")]),
    (
        r#"{"Type": "Map", "ItemProcessor": P, "ItemSelector": {}, "Parameters": {}, "End": true}"#,
        &[(SCHEMA, "/States/S")],
    ),
    (r#"{"Type": "Map", "ItemProcessor": P, "ItemsPath": null, "End": true}"#, &[(SCHEMA, "/States/S/ItemsPath")]),
    (
        r#"{"Type": "Map", "ItemProcessor": P, "MaxConcurrency": -1, "End": true}"#,
        &[(SCHEMA, "/States/S/MaxConcurrency")],
    ),
    (
        r#"{"Type": "Map", "ItemProcessor": P, "MaxConcurrency": 1, "MaxConcurrencyPath": "$.m", "End": true}"#,
        &[(SCHEMA, "/States/S")],
    ),
    (
        r#"{"Type": "Map", "ItemProcessor": D, "ToleratedFailurePercentage": 101, "End": true}"#,
        &[(SCHEMA, "/States/S/ToleratedFailurePercentage")],
    ),
    (
        r#"{"Type": "Map", "ItemProcessor": D, "ToleratedFailureCount": -1, "End": true}"#,
        &[(SCHEMA, "/States/S/ToleratedFailureCount")],
    ),
    (
        r#"{"Type": "Map", "ItemProcessor": D, "Label": "a b", "End": true}"#,
        &[("INVALID_LABEL_NAME", "/States/S/Label")],
    ),
    (r#"{"Type": "Map", "ItemProcessor": D, "Label": "", "End": true}"#, &[("INVALID_LABEL_NAME", "/States/S/Label")]),
    (
        r#"{"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, "End": true}"#,
        &[(SCHEMA, "/States/S/ItemProcessor/ProcessorConfig")],
    ),
    (
        r#"{"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "ELSEWHERE"}, "StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, "End": true}"#,
        &[(SCHEMA, "/States/S/ItemProcessor/ProcessorConfig/Mode")],
    ),
    // What looks wrong, and the service accepts.
    (r#"{"Type": "Task", "Resource": "r", "Retry": [], "Catch": [], "End": true}"#, &[]),
    (r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["States.Unheard"]}], "End": true}"#, &[]),
    (r#"{"Type": "Pass", "Assign": {"unused": 1}, "End": true}"#, &[]),
    (r#"{"Type": "Pass", "Parameters": {"a.$": "States.Array()", "b.$": "States.MathAdd(1)"}, "End": true}"#, &[]),
    (
        r#"{"Type": "Pass", "Result": null, "Parameters": {}, "InputPath": null, "OutputPath": null, "ResultPath": null, "End": true}"#,
        &[],
    ),
    (r#"{"Type": "Wait", "Seconds": 0, "End": true}"#, &[]),
    (
        r#"{"Type": "Map", "ItemProcessor": P, "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"}, "Parameters": {"Bucket": "b", "Key": "k"}}, "End": true}"#,
        &[],
    ),
    (
        r#"{"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}], "End": true}"#,
        &[],
    ),
    (r#"{"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 %}", "End": true}"#, &[]),
];

/// A state `S` of a JSONata machine that also has a state `T` to go to.
const JSONATA_STATES: &[(&str, &[Fault])] = &[
    (r#"{"Type": "Pass", "QueryLanguage": "JSONPath", "InputPath": "$", "End": true}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Pass", "Parameters": {}, "End": true}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Task", "Resource": "r", "TimeoutSecondsPath": "$.a", "End": true}"#, &[(SCHEMA, "/States/S")]),
    (r#"{"Type": "Task", "Resource": "{% $f %}", "End": true}"#, &[(SCHEMA, "/States/S/Resource")]),
    (r#"{"Type": "Pass", "Output": "{% 1", "End": true}"#, &[(JSONATA, "/States/S/Output")]),
    (r#"{"Type": "Pass", "Output": {"a": ["1 %}"]}, "End": true}"#, &[(JSONATA, "/States/S/Output/a[0]")]),
    (r#"{"Type": "Pass", "Output": "{% 1 + %}", "End": true}"#, &[(JSONATA, "/States/S/Output")]),
    (r#"{"Type": "Choice", "Choices": [{"Next": "T"}]}"#, &[(SCHEMA, "/States/S/Choices[0]")]),
    (
        r#"{"Type": "Choice", "Choices": [{"Condition": 1, "Next": "T"}]}"#,
        &[(SCHEMA, "/States/S/Choices[0]/Condition")],
    ),
    (r#"{"Type": "Choice", "Choices": [{"Condition": true}], "Default": "T"}"#, &[(SCHEMA, "/States/S/Choices[0]")]),
    (r#"{"Type": "Map", "Items": 5, "ItemProcessor": P, "End": true}"#, &[(SCHEMA, "/States/S/Items")]),
    (r#"{"Type": "Wait", "Seconds": "soon", "End": true}"#, &[(SCHEMA, "/States/S/Seconds")]),
    (
        r#"{"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": "{% 1 %}"}], "End": true}"#,
        &[(SCHEMA, "/States/S/Retry[0]/MaxAttempts")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Catch": [{"ErrorEquals": ["E"], "ResultPath": "$", "Next": "T"}], "End": true}"#,
        &[(SCHEMA, "/States/S/Catch[0]")],
    ),
    (
        r#"{"Type": "Task", "Resource": "r", "Arguments": {"a.$": "$.x"}, "Output": null, "Assign": {"v": "{% $states.result %}"}, "End": true}"#,
        &[],
    ),
    (r#"{"Type": "Fail", "Error": "{% 'E' %}", "Cause": "plain"}"#, &[]),
];

/// Whole definitions; `OK` stands for a state that ends.
const DEFINITIONS: &[(&str, &[Fault])] = &[
    ("", &[("SCHEMA_VALIDATION_FAILED", "null")]),
    ("[]", &[(SCHEMA, "/")]),
    ("{}", &[(SCHEMA, "/")]),
    (r#"{"StartAt": "A"}"#, &[(SCHEMA, "/")]),
    (r#"{"StartAt": "A", "States": []}"#, &[(SCHEMA, "/States")]),
    (r#"{"StartAt": "A", "States": {}}"#, &[(SCHEMA, "/States")]),
    (r#"{"StartAt": 1, "States": {"A": OK}}"#, &[(SCHEMA, "/StartAt")]),
    (r#"{"StartAt": "B", "States": {"A": OK}}"#, &[(TARGET, "/StartAt"), (TARGET, "/States/A")]),
    (r#"{"StartAt": "A", "States": {"A": OK, "B": OK}}"#, &[(TARGET, "/States/B")]),
    (r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}"#, &[("MISSING_END_STATE", "null")]),
    (
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "C"}, "B": {"Type": "Pass", "Next": "A"}}}"#,
        &[(TARGET, "/States/A/Next"), ("MISSING_END_STATE", "null")],
    ),
    // A state without an incoming transition is an error, wherever the machine starts; a circle beside it is not.
    (
        r#"{"StartAt": "X", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": OK}}"#,
        &[(TARGET, "/StartAt"), (TARGET, "/States/A")],
    ),
    (r#"{"StartAt": "A", "States": {"A": OK, "B": {"Type": "Pass", "Next": "C"}, "C": OK}}"#, &[(TARGET, "/States/B")]),
    (
        r#"{"StartAt": "A", "States": {"A": OK, "B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Pass", "Next": "B"}}}"#,
        &[],
    ),
    // Names are unique, also where one object has a name twice.
    (r#"{"StartAt": "A", "States": {"A": OK, "A": OK}}"#, &[("DUPLICATE_STATE_NAME", "/States/A")]),
    (
        r#"{"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": OK, "A": OK}}], "End": true}}}"#,
        &[("DUPLICATE_STATE_NAME", "/States/P/Branches[0]/States/A")],
    ),
    (
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"States": {"b": 1, "b": 2}}, "End": true}}}"#,
        &[],
    ),
    // A branch may assign a variable that no state before its own assigns.
    (
        r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {"v": 1}, "Next": "P"}, "P": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "Assign": {"v": 1}, "End": true}}}]}}}"#,
        &[(SCHEMA, "/States/P/Branches[0]/States/B/Assign")],
    ),
    (
        r#"{"StartAt": "P", "States": {"A": {"Type": "Pass", "Assign": {"v": 1}, "End": true}, "P": {"Type": "Parallel", "Next": "A", "Catch": [{"ErrorEquals": ["E"], "Assign": {"v": 2}, "Next": "A"}], "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "Assign": {"v": 1}, "End": true}}}]}}}"#,
        &[],
    ),
    (
        r#"{"StartAt": "P", "States": {"C": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "P", "Assign": {"v": 1}}], "Default": "S"}, "S": OK, "P": {"Type": "Parallel", "Next": "C", "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "Assign": {"v": 1}, "End": true}}}]}}}"#,
        &[(SCHEMA, "/States/P/Branches[0]/States/B/Assign")],
    ),
    (r#"{"StartAt": "A", "Version": "2.0", "States": {"A": OK}}"#, &[(SCHEMA, "/Version")]),
    (r#"{"StartAt": "A", "TimeoutSeconds": 0, "States": {"A": OK}}"#, &[(SCHEMA, "/TimeoutSeconds")]),
    (r#"{"StartAt": "A", "TimeoutSeconds": 100000000, "States": {"A": OK}}"#, &[(SCHEMA, "/TimeoutSeconds")]),
    (r#"{"StartAt": "A", "Comment": 1, "States": {"A": OK}}"#, &[(SCHEMA, "/Comment")]),
    (r#"{"StartAt": "A", "Next": "A", "States": {"A": OK}}"#, &[(SCHEMA, "/")]),
    (r#"{"StartAt": "A", "QueryLanguage": "x", "States": {"A": OK}}"#, &[(SCHEMA, "/QueryLanguage")]),
    (r#"{"StartAt": "A", "QueryLanguage": null, "States": {"A": OK}}"#, &[(SCHEMA, "/QueryLanguage")]),
    (r#"{"StartAt": "", "States": {"": OK}}"#, &[("INVALID_STATE_NAME", "/States/")]),
    (
        r#"{"StartAt": "A", "Version": "1.0", "TimeoutSeconds": 99999999, "Comment": "", "QueryLanguage": "JSONPath", "States": {"A": OK}}"#,
        &[],
    ),
];

/// What only Express machines refuse, and what runs here all the same.
const EXPRESS: &[(&str, &[Fault])] = &[
    (
        r#"{"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "TimeoutSeconds": 1, "End": true}"#,
        &[(SCHEMA, "/States/S/Resource")],
    ),
    (
        r#"{"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "TimeoutSeconds": 1, "End": true}"#,
        &[(SCHEMA, "/States/S/Resource")],
    ),
    (
        r#"{"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:a", "TimeoutSeconds": 1, "End": true}"#,
        &[(SCHEMA, "/States/S/Resource")],
    ),
    (r#"{"Type": "Map", "ItemProcessor": D, "End": true}"#, &[(SCHEMA, "/States/S")]),
];

#[test]
fn every_rule_of_states_is_checked() {
    let mut wrong = Vec::new();
    for (language, states) in [("JSONPath", JSONPATH_STATES), ("JSONata", JSONATA_STATES)] {
        for (state, expected) in states {
            check(&machine(language, state), expected, MachineType::Express, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_of_machines_is_checked() {
    let mut wrong = Vec::new();
    for (definition, expected) in DEFINITIONS {
        check(&filled(definition), expected, MachineType::Express, &mut wrong);
    }
    for (length, expected) in [(80, &[][..]), (81, &[("INVALID_STATE_NAME", "")][..])] {
        let name = "ü".repeat(length);
        let text = filled(&format!(r#"{{"StartAt": "{name}", "States": {{"{name}": OK}}}}"#));
        let found = errors(&text, MachineType::Express);
        assert_eq!(found.len(), expected.len(), "{length}: {found:?}");
    }
    let large = format!("{}{}", filled(r#"{"StartAt": "A", "States": {"A": OK}}"#), " ".repeat(1_048_576));
    check(&large, &[(SCHEMA, "null")], MachineType::Express, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_express_refuses_is_accepted_with_a_note_where_nothing_carries_it_out() {
    let mut wrong = Vec::new();
    for (state, expected) in EXPRESS {
        let text = machine("JSONPath", state);
        check(&text, expected, MachineType::ExpressStrict, &mut wrong);
        check(&text, &[], MachineType::Express, &mut wrong);
        let options = ReadOptions { machine_type: MachineType::Express, ..ReadOptions::default() };
        let found = read_with(&text, &options).diagnostics;
        let found = found.iter().filter(|found| found.code.as_str().starts_with("STANDARD_ONLY_")).count();
        // Those are carried out; jobs are only by mocks, and a distributed Map in a way of its own.
        let is_carried_out = [".waitForTaskToken", ":activity:"].iter().any(|part| state.contains(part));
        assert_eq!(found, usize::from(!is_carried_out), "{state}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(text: &str, expected: &[Fault], machine_type: MachineType, wrong: &mut Vec<String>) {
    let found = errors(text, machine_type);
    let expected: Vec<(String, String)> =
        expected.iter().map(|(code, location)| ((*code).to_owned(), (*location).to_owned())).collect();
    if found != expected {
        wrong.push(format!("{}\n  expected {expected:?}\n  found    {found:?}", &text[..text.len().min(500)]));
    }
}

fn errors(text: &str, machine_type: MachineType) -> Vec<(String, String)> {
    let outcome = read_with(text, &ReadOptions { machine_type, ..ReadOptions::default() });
    let errors = outcome.diagnostics.iter().filter(|found| found.is_error());
    errors
        .map(|found| (found.code.as_str().to_owned(), found.location.clone().unwrap_or_else(|| "null".to_owned())))
        .collect()
}

/// A machine that begins with the state and can go to `T`.
fn machine(language: &str, state: &str) -> String {
    let enter = r#""Type": "Parallel", "Branches": [{"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}]"#;
    filled(&format!(
        r#"{{"StartAt": "0", "QueryLanguage": "{language}", "States": {{
            "0": {{{enter}, "Catch": [{{"ErrorEquals": ["E"], "Next": "S"}}], "Next": "T"}},
            "S": {state}, "T": {{"Type": "Succeed"}}}}}}"#
    ))
}

fn filled(text: &str) -> String {
    let states = r#""StartAt": "I", "States": {"I": {"Type": "Succeed"}}}"#;
    let distributed = r#"{"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "#;
    text.replace(": OK", r#": {"Type": "Succeed"}"#)
        .replacen(": P,", &format!(": {{{states},"), 1)
        .replace(": P,", &format!(": {{{},", states.replace('I', "J")))
        .replace(": D,", &format!(": {distributed}{states},"))
}
