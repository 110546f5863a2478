//! Activities: tasks that workers fetch, over the Step Functions API, and end by a callback.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Answer, BoxFuture, Connector, Request, Resource, Role, TaskFailure, only_tasks};
use crate::resource::Kind;

/// The Resources that are activities.
pub const ACTIVITY_PATTERN: &str = "arn:aws*:states:*:*:activity:*";

/// The activities of this process, and the tasks that wait for a worker. Cheap to clone.
///
/// An activity exists from its creation on, or from the first task that asks for it.
#[derive(Clone, Debug, Default)]
pub struct Activities(Arc<Mutex<HashMap<String, Activity>>>);

#[derive(Debug)]
struct Activity {
    created_at: jiff::Timestamp,
    tasks: VecDeque<ActivityTask>,
    /// Rung when a task comes.
    bell: Arc<Notify>,
}

/// A task that waits for a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityTask {
    /// What its callbacks name it by.
    pub token: String,
    /// Its input: JSON text.
    pub input: String,
}

impl Default for Activity {
    fn default() -> Self {
        Activity { created_at: jiff::Timestamp::now(), tasks: VecDeque::new(), bell: Arc::default() }
    }
}

impl Activities {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Activity>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an activity, if there is none of this ARN; when it was made.
    pub fn create(&self, arn: &str) -> jiff::Timestamp {
        self.all().entry(arn.to_owned()).or_default().created_at
    }

    /// Takes an activity away, with the tasks that no worker has fetched: they end by their time limits.
    pub fn delete(&self, arn: &str) {
        self.all().remove(arn);
    }

    /// When the activity was made; `None`: there is none of this ARN.
    pub fn created_at(&self, arn: &str) -> Option<jiff::Timestamp> {
        Some(self.all().get(arn)?.created_at)
    }

    /// Their ARNs, sorted, with the times when they were made.
    pub fn list(&self) -> Vec<(String, jiff::Timestamp)> {
        let mut all: Vec<_> = self.all().iter().map(|(arn, activity)| (arn.clone(), activity.created_at)).collect();
        all.sort();
        all
    }

    /// The task that has waited longest for a worker; waits for one. Cancelled, it has taken none.
    pub async fn fetch(&self, arn: &str) -> ActivityTask {
        loop {
            let bell = {
                let mut all = self.all();
                let activity = all.entry(arn.to_owned()).or_default();
                if let Some(task) = activity.tasks.pop_front() {
                    if !activity.tasks.is_empty() {
                        activity.bell.notify_one();
                    }
                    return task;
                }
                Arc::clone(&activity.bell)
            };
            bell.notified().await;
        }
    }

    fn put(&self, arn: &str, task: ActivityTask) {
        let mut all = self.all();
        let activity = all.entry(arn.to_owned()).or_default();
        activity.tasks.push_back(task);
        activity.bell.notify_one();
    }
}

impl Connector for Activities {
    fn call(&self, request: Request) -> BoxFuture<'static, Answer> {
        let put = || {
            request.refuse_data(self.kind())?;
            let token = request.task_token.clone().ok_or_else(|| {
                TaskFailure::new("States.Runtime", format!("a bug in Stepstream: {} has no token", request.resource))
            })?;
            let input = String::from_utf8_lossy(&request.input).into_owned();
            self.put(request.resource.as_str(), ActivityTask { token, input });
            Ok(b"null".to_vec())
        };
        let put = put();
        Box::pin(async move { put })
    }

    fn refuses(&self, resource: &Resource, role: Role) -> Option<String> {
        only_tasks(role).or_else(|| (resource.kind() != Kind::Activity).then(|| "serves activities only".to_owned()))
    }

    fn kind(&self) -> &'static str {
        "activity"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::testing::{block_on, request};

    const ARN: &str = "arn:aws:states:us-east-1:123456789012:activity:pack";

    fn ask(activities: &Activities, token: &str) {
        let mut request = request(ARN, b"{\"n\":1}");
        request.task_token = Some(token.to_owned());
        assert_eq!(block_on(activities.call(request)), Ok(b"null".to_vec()));
    }

    #[test]
    fn tasks_are_fetched_in_their_order_each_by_one_worker() {
        let activities = Activities::default();
        ["a", "b", "c"].iter().for_each(|token| ask(&activities, token));
        let tokens: Vec<_> = (0..3).map(|_| block_on(activities.fetch(ARN)).token).collect();
        assert_eq!(tokens, ["a", "b", "c"]);
    }

    #[test]
    fn workers_that_wait_each_get_one_of_the_tasks_that_come_and_one_that_left_gets_none() {
        let activities = Activities::default();
        block_on(async {
            let left = tokio::time::timeout(std::time::Duration::from_millis(1), activities.fetch(ARN)).await;
            assert!(left.is_err(), "there is no task");
            let fetch = || async { activities.fetch(ARN).await.token };
            let come = async {
                tokio::task::yield_now().await;
                for token in ["a", "b"] {
                    activities.put(ARN, ActivityTask { token: token.to_owned(), input: "1".to_owned() });
                }
            };
            let (one, other, ()) = tokio::join!(fetch(), fetch(), come);
            assert_eq!((one.as_str(), other.as_str()), ("a", "b"));
        });
    }

    #[test]
    fn an_activity_is_there_once_it_was_made_or_asked_for_and_gone_when_deleted() {
        let activities = Activities::default();
        assert_eq!((activities.created_at(ARN), activities.list().len()), (None, 0));
        ask(&activities, "a");
        let made = activities.create(ARN);
        assert_eq!((activities.created_at(ARN), activities.list()), (Some(made), vec![(ARN.to_owned(), made)]));
        activities.delete(ARN);
        assert_eq!(activities.created_at(ARN), None);
    }
}
