"""boto3 as the client of the daemon's Step Functions API: unmodified, but for the host prefix of StartSyncExecution, which no
address on loopback has. The test in api.rs starts the daemon, runs this, and looks at its end."""

import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

KEY, SECRET = "AKIDSTEPSTREAM", "a-secret-of-the-test"


def client(service, endpoint, secret=SECRET):
    config = Config(inject_host_prefix=False, retries={"max_attempts": 0})
    return boto3.client(
        service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=secret, config=config
    )


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        found = error.response["Error"]
        assert found["Code"] == code, f"{code} is expected: {found}"
        return found["Message"]
    raise AssertionError(f"{code} is expected")


def until(what, holds):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not in time: {what}")


def machines(sfn):
    machine, = sfn.list_state_machines()["stateMachines"]
    assert machine["name"] == "workflow", machine
    arn = machine["stateMachineArn"]
    described = sfn.describe_state_machine(stateMachineArn=arn)
    assert described["status"] == "ACTIVE" and json.loads(described["definition"])["StartAt"] == "Which", described
    message = refused("StateMachineDoesNotExist", sfn.describe_state_machine, stateMachineArn=arn + "x")
    assert message == f"State Machine Does Not Exist: '{arn}x'", message
    return arn


def definitions(sfn):
    definition = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "Ghost"}}}
    found = sfn.validate_state_machine_definition(definition=json.dumps(definition))
    assert found["result"] == "FAIL", found
    assert found["diagnostics"][0]["code"] == "MISSING_TRANSITION_TARGET", found
    assert found["diagnostics"][0]["location"] == "/States/P/Next", found
    definition["States"]["P"] = {"Type": "Pass", "End": True}
    assert sfn.validate_state_machine_definition(definition=json.dumps(definition))["result"] == "OK"
    state = {"Type": "Pass", "Parameters": {"sum.$": "States.MathAdd($.a, 1)"}, "Next": "N"}
    tested = sfn.test_state(definition=json.dumps(state), input='{"a": 41}')
    assert (tested["status"], tested["output"], tested["nextState"]) == ("SUCCEEDED", '{"sum":42}', "N"), tested
    refused("InvalidDefinition", sfn.test_state, definition="{}", input="{}")


def sync(sfn, arn):
    done = sfn.start_sync_execution(stateMachineArn=arn, input='{"a": 1}', name="one")
    assert (done["status"], json.loads(done["output"]), done["name"]) == ("SUCCEEDED", {"a": 1}, "one"), done
    assert done["stopDate"] >= done["startDate"] and done["billingDetails"]["billedDurationInMilliseconds"] > 0, done
    failed = sfn.start_sync_execution(stateMachineArn=arn, input='{"do": "fail"}')
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "Oops", "on purpose"), failed
    refused("InvalidExecutionInput", sfn.start_sync_execution, stateMachineArn=arn, input="{")
    refused("InvalidName", sfn.start_sync_execution, stateMachineArn=arn, name="a b")


def asynchronous(sfn, arn):
    start = {"stateMachineArn": arn, "name": "waits", "input": '{"do": "wait"}'}
    execution = sfn.start_execution(**start)["executionArn"]
    assert execution == arn.replace("stateMachine", "execution") + ":waits", execution
    assert sfn.start_execution(**start)["executionArn"] == execution, "the same again changes nothing"
    refused("ExecutionAlreadyExists", sfn.start_execution, **{**start, "input": "{}"})
    assert sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    history = until("it waits", lambda: (h := sfn.get_execution_history(executionArn=execution)["events"])[3:] and h)
    kinds = [event["type"] for event in history]
    assert kinds == ["ExecutionStarted", "ChoiceStateEntered", "ChoiceStateExited", "WaitStateEntered"], kinds
    assert history[3]["stateEnteredEventDetails"]["name"] == "Wait", history[3]
    sfn.stop_execution(executionArn=execution, error="Enough", cause="it takes long")
    stopped = sfn.describe_execution(executionArn=execution)
    assert (stopped["status"], stopped["error"], stopped["cause"]) == ("ABORTED", "Enough", "it takes long"), stopped
    pages = sfn.get_paginator("get_execution_history").paginate(executionArn=execution, PaginationConfig={"PageSize": 2})
    kinds = [event["type"] for page in pages for event in page["events"]]
    assert kinds[-1] == "ExecutionAborted" and len(kinds) == 5, kinds
    last = sfn.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)["events"][0]
    assert last["executionAbortedEventDetails"] == {"error": "Enough", "cause": "it takes long"}, last
    aborted = sfn.list_executions(stateMachineArn=arn, statusFilter="ABORTED")["executions"]
    assert [one["name"] for one in aborted] == ["waits"], aborted
    refused("ExecutionDoesNotExist", sfn.describe_execution, executionArn=execution + "x")


def callbacks(sfn, sqs, queue, arn):
    tokens = {}

    def token(name):
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            body = json.loads(message["Body"])
            tokens[body["id"]] = body["token"]
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return tokens.get(name)

    def ask(name):
        parameters = {"do": "ask", "id": name, "queue": queue}
        return sfn.start_execution(stateMachineArn=arn, name=name, input=json.dumps(parameters))["executionArn"]

    def ended(execution):
        return until("it ends", lambda: (d := sfn.describe_execution(executionArn=execution))["status"] != "RUNNING" and d)

    approved, rejected = ask("approved"), ask("rejected")
    sfn.send_task_heartbeat(taskToken=until("it asks", lambda: token("approved")))
    message = refused("InvalidOutput", sfn.send_task_success, taskToken=tokens["approved"], output="yes")
    assert message.startswith("Invalid Output: "), message
    sfn.send_task_success(taskToken=tokens["approved"], output='{"approved": true}')
    assert json.loads(ended(approved)["output"]) == {"approved": True}
    kinds = [event["type"] for event in sfn.get_execution_history(executionArn=approved)["events"]]
    assert kinds[4:8] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"], kinds
    message = refused("TaskTimedOut", sfn.send_task_success, taskToken=tokens["approved"], output="1")
    assert message == "Task Timed Out: 'Provided task does not exist anymore'", message
    message = refused("InvalidToken", sfn.send_task_heartbeat, taskToken="made up")
    assert message == "Invalid Token: 'Invalid token'", message
    sfn.send_task_failure(taskToken=until("it asks", lambda: token("rejected")), error="Rejected", cause="by Ada")
    failed = ended(rejected)
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "Rejected", "by Ada"), failed
    # An event from Kafka has asked as well.
    sfn.send_task_success(taskToken=until("the event asks", lambda: token("kafka")), output='"over the API"')


def activities(sfn, arn):
    activity = sfn.create_activity(name="pack")["activityArn"]
    assert activity == arn.replace("stateMachine:workflow", "activity:pack"), activity
    assert [one["activityArn"] for one in sfn.list_activities()["activities"]] == [activity]
    assert sfn.describe_activity(activityArn=activity)["name"] == "pack"
    # The first task is over before a worker asks: it is nobody's work.
    late = sfn.start_execution(stateMachineArn=arn, input='{"do": "late"}')["executionArn"]
    until("it is over", lambda: sfn.describe_execution(executionArn=late)["status"] == "FAILED")
    packed = sfn.start_execution(stateMachineArn=arn, input='{"do": "pack", "n": 7}')["executionArn"]
    task = sfn.get_activity_task(activityArn=activity, workerName="w")
    assert json.loads(task["input"]) == {"do": "pack", "n": 7}, task
    sfn.send_task_success(taskToken=task["taskToken"], output='{"packed": 7}')
    done = until("it ends", lambda: (d := sfn.describe_execution(executionArn=packed))["status"] != "RUNNING" and d)
    assert json.loads(done["output"]) == {"packed": 7}, done
    kinds = [event["type"] for event in sfn.get_execution_history(executionArn=packed)["events"]]
    assert kinds[4:7] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"], kinds
    sfn.delete_activity(activityArn=activity)
    refused("ActivityDoesNotExist", sfn.get_activity_task, activityArn=activity)


def main(action, endpoint, moto, name):
    sqs = client("sqs", moto)
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    if action == "create":
        print(queue)
        return
    sfn = client("stepfunctions", endpoint)
    arn = machines(sfn)
    definitions(sfn)
    sync(sfn, arn)
    asynchronous(sfn, arn)
    callbacks(sfn, sqs, queue, arn)
    activities(sfn, arn)
    refused("InvalidSignatureException", client("stepfunctions", endpoint, "another secret").list_state_machines)
    refused("UnknownOperationException", sfn.list_tags_for_resource, resourceArn=arn)


main(*sys.argv[1:])
