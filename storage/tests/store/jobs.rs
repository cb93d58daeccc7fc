use serde_json::{Value as Json, json};
use storage::{DatasetId, Job, JobFilter, JobId, JobState, JobUpdate, StorageError};

use crate::world::{TODAY, World};

pub(crate) fn job(kind: &str) -> Job {
    Job {
        id: JobId::generate(),
        kind: kind.to_owned(),
        dataset: None,
        person: "local".into(),
        state: JobState::Queued,
        request: json!({"file": "cities.csv", "nested": {"list": [1, 2.5, null, "'\"`$x"]}}),
        progress: Json::Null,
        result: Json::Null,
        error: None,
        created_at: TODAY,
        updated_at: TODAY,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_through_its_states() {
    let world = World::new().await;
    let made = Job { dataset: Some(DatasetId::generate()), ..job("import") };
    world.store.create_job(&made).await.expect("a new id");
    assert_eq!(world.store.job(made.id).await.expect("an open store").as_ref(), Some(&made));
    let again = world.store.create_job(&made).await;
    assert!(matches!(again, Err(StorageError::AlreadyExists { .. })), "{again:?}");

    let start = JobUpdate::new(made.id, [JobState::Queued, JobState::Waiting], TODAY + 1)
        .to(JobState::Running)
        .progress(json!({"rows": 7}));
    let running = world.store.update_job(&start).await.expect("it is queued");
    let expected =
        Job { state: JobState::Running, progress: json!({"rows": 7}), updated_at: TODAY + 1, ..made.clone() };
    assert_eq!(running, expected);
    let lost = world.store.update_job(&start).await;
    assert!(matches!(lost, Err(StorageError::StaleJob { current: JobState::Running, .. })), "{lost:?}");
    let fail = JobUpdate::new(made.id, [JobState::Running], TODAY + 2).to(JobState::Failed).error("the worker died");
    let failed = world.store.update_job(&fail).await.expect("it is running");
    assert_eq!((failed.state, failed.error.as_deref()), (JobState::Failed, Some("the worker died")));
    let unknown = world.store.update_job(&JobUpdate::new(JobId::generate(), [JobState::Queued], TODAY)).await;
    assert!(matches!(unknown, Err(StorageError::NotFound { .. })), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_by_dataset_and_state() {
    let world = World::new().await;
    let dataset = DatasetId::generate();
    let states = [JobState::Queued, JobState::Running, JobState::Waiting, JobState::Succeeded, JobState::Cancelled];
    for (number, state) in states.into_iter().enumerate() {
        for dataset in [None, Some(dataset)] {
            let job = Job { state, dataset, created_at: TODAY + number as i64, ..job("import") };
            world.store.create_job(&job).await.expect("a new id");
        }
    }
    let count = async |dataset, state| {
        let jobs = world.store.jobs(&JobFilter { dataset, state }, 100).await.expect("an open store");
        assert!(jobs.is_sorted_by_key(|job| std::cmp::Reverse(job.created_at)));
        jobs.len()
    };
    assert_eq!(count(None, None).await, 10);
    assert_eq!(count(Some(dataset), None).await, 5);
    assert_eq!(count(None, Some(JobState::Waiting)).await, 2);
    assert_eq!(count(Some(dataset), Some(JobState::Waiting)).await, 1);
    assert_eq!(world.store.jobs(&JobFilter::default(), 3).await.expect("an open store").len(), 3);
    let left = world.store.running_jobs().await.expect("an open store");
    assert_eq!(left.len(), 4);
    assert!(left.is_sorted_by_key(|job| job.created_at));
}
