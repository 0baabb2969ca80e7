use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The tasks beside the requests, and how they are told to end.
#[derive(Debug, Default)]
pub(crate) struct Background {
    tasks: Mutex<Vec<JoinHandle<()>>>,
    end: watch::Sender<bool>,
}

impl Background {
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let task = tokio::spawn(task);
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(task);
    }

    pub(super) fn end(&self) -> End {
        End(self.end.subscribe())
    }

    pub(super) fn announce_end(&self) {
        self.end.send_replace(true);
    }

    /// Until all tasks have ended.
    pub(super) async fn wait(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "work beside the requests has ended badly");
            }
        }
    }
}

/// Whether a task is to end; it is, too, when the accounts are gone.
#[derive(Debug)]
pub(super) struct End(watch::Receiver<bool>);

impl End {
    pub(super) fn has_come(&self) -> bool {
        *self.0.borrow()
    }

    /// What comes of this, unless the end comes before.
    pub(super) async fn comes_before<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let mut end = pin!(self.0.wait_for(|is_over| *is_over));
        let mut future = pin!(future);
        poll_fn(|context| match end.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => future.as_mut().poll(context).map(Some),
        })
        .await
    }

    /// Waits as long, or until the end.
    pub(super) async fn comes_within(&mut self, time: Duration) -> bool {
        let end = self.0.wait_for(|is_over| *is_over);
        tokio::time::timeout(time, end).await.is_ok()
    }
}
