use super::Program;

fn reads_kafka(state: &str) -> bool {
    let definition = format!(r#"{{"StartAt": "S", "States": {{"S": {{{state}, "End": true}}}}}}"#);
    Program::from_text(&definition).unwrap_or_else(|faults| panic!("{state}: {faults:?}")).reads_kafka()
}

#[test]
fn a_program_that_may_read_the_record_is_known() {
    for (state, expected) in [
        (r#""Type": "Pass", "InputPath": "$.Kafka""#, false),
        (r#""Type": "Pass", "InputPath": "$$.Kafka.Key""#, true),
        (r#""Type": "Pass", "InputPath": "$$""#, true),
        (r#""Type": "Pass", "InputPath": "$$..Key""#, true),
        (r#""Type": "Pass", "InputPath": "$$.Execution.Input""#, false),
        (r#""Type": "Pass", "Parameters": {"a": {"b.$": "$$.Kafka.Topic"}}"#, true),
        (r#""Type": "Pass", "Parameters": {"a.$": "States.Format('{}', $$.Kafka.Offset)"}"#, true),
        (r#""Type": "Pass", "Parameters": {"a.$": "States.Format('{}', $$.State.Name)"}"#, false),
        (r#""Type": "Wait", "SecondsPath": "$$.Kafka.Headers.delay""#, true),
        (r#""Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.context.Kafka.Key %}""#, true),
        (r#""Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.context.Execution.Name %}""#, false),
        (r#""Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.context %}""#, true),
        (r#""Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $lookup($states, 'context') %}""#, true),
        (r#""Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.Kafka %}""#, false),
        (r#""Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.*.Kafka %}""#, true),
    ] {
        assert_eq!(reads_kafka(state), expected, "{state}");
    }
    let choice = r#"{"StartAt": "C", "States": {"C": {"Type": "Choice",
        "Choices": [{"Variable": "$.a", "StringEqualsPath": "$$.Kafka.Key", "Next": "S"}], "Default": "S"},
        "S": {"Type": "Succeed"}}}"#;
    assert!(Program::from_text(choice).expect("it is valid").reads_kafka());
}
