//! However a task ends, its count goes back.

use super::Tasks;

#[tokio::test]
async fn a_task_counts_until_it_is_done() {
    let tasks = Tasks::default();
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let task = tasks.clone().spawn(wait);
    assert_eq!((tasks.started(), tasks.alive()), (1, 1));
    go.send(()).unwrap();
    task.await.unwrap().unwrap();
    assert_eq!((tasks.started(), tasks.alive()), (1, 0));
}

#[tokio::test]
async fn an_aborted_a_panicked_and_a_never_polled_task_are_over() {
    let tasks = Tasks::default();
    let aborted = tasks.spawn(std::future::pending::<()>());
    aborted.abort();
    assert!(aborted.await.unwrap_err().is_cancelled());
    let panicked = tasks.spawn(async { panic!("on purpose") });
    assert!(panicked.await.unwrap_err().is_panic());
    drop(tasks.counted(std::future::pending::<()>()));
    assert_eq!((tasks.started(), tasks.alive()), (3, 0));
}
