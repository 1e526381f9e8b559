//! The sweep as a task of its own.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::limits;
use crate::store::Core;

/// The task that sweeps in the background; it ends with the last [`Store`].
#[derive(Debug)]
pub(crate) struct Background {
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
    core: Arc<Core>,
}

impl Background {
    pub(crate) fn begin(core: &Arc<Core>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = core
            .options
            .background_sweep
            .then(|| tokio::spawn(sweep_often(Arc::clone(core), stopped)));
        Self {
            stop,
            task: Mutex::new(task),
            core: Arc::clone(core),
        }
    }

    /// Ends the task, after what it is at.
    pub(crate) async fn end(&self) {
        self.tell();
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            // It never panics on purpose; if it did, there is nothing left to wait for.
            let _ = task.await;
        }
    }

    fn tell(&self) {
        self.core.stopping.store(true, Ordering::SeqCst);
        self.stop.send_replace(true);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.tell();
    }
}

async fn sweep_often(core: Arc<Core>, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = core.work.notified() => {}
            () = tokio::time::sleep(limits::SWEEP_INTERVAL) => {}
            _ = stopped.changed() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(limits::SWEEP_PAUSE) => {}
            _ = stopped.changed() => return,
        }
        if let Err(error) = core.sweep().await {
            tracing::warn!(%error, "the sweep could not finish; it will try again");
        }
    }
}
