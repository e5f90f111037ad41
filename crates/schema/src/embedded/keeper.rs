//! The thread that owns the database process.
//!
//! The kernel sends the parent-death signal when the *thread* that spawned a process ends, not when the whole
//! process does. Threads of tokio and of the test harness end early, so a thread of our own spawns the database,
//! and does nothing else for as long as the cluster lives.
use std::io;
use std::process::Child;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Error;

const LOOK_EVERY: Duration = Duration::from_millis(100);

type Job = Box<dyn FnOnce(&mut Option<Child>) + Send>;

#[derive(Debug)]
pub(super) struct Keeper {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

impl Keeper {
    /// `look_after` is called now and then while there is nothing else to do.
    pub(super) fn spawn(look_after: impl Fn(&mut Option<Child>) + Send + 'static) -> io::Result<Self> {
        let (jobs, inbox) = channel::<Job>();
        let thread = thread::Builder::new().name("postgres-keeper".to_owned()).spawn(move || {
            let mut child = None;
            loop {
                match inbox.recv_timeout(LOOK_EVERY) {
                    Ok(job) => job(&mut child),
                    Err(RecvTimeoutError::Timeout) => look_after(&mut child),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        })?;
        Ok(Self { jobs, thread })
    }

    /// Runs a job on the thread and waits for its result.
    pub(super) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Option<Child>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, result) = channel();
        let job: Job = Box::new(move |child| {
            // the caller waits below, so there is somebody to take the answer
            let _sent = answer.send(job(child));
        });
        self.jobs.send(job).map_err(|_closed| Error::Down)?;
        result.recv().map_err(|_closed| Error::Down)?
    }

    /// Ends the thread. Its child must have been stopped.
    pub(super) fn end(self) {
        drop(self.jobs);
        // it holds no data, a panic in it has been reported already
        let _ended = self.thread.join();
    }
}

/// Sends each signal in turn, giving the child the time beside it to end, and reaps it.
pub(super) fn stop(child: &mut Option<Child>, steps: &[(Signal, Duration)]) {
    let Some(running) = child else { return };
    for (signal, patience) in steps {
        if let Some(pid) = i32::try_from(running.id()).ok().and_then(Pid::from_raw) {
            // an ended child stays a zombie until we reap it, so this can't hit anybody else
            let _ended = kill_process(pid, *signal);
        }
        let until = Instant::now() + *patience;
        while Instant::now() < until {
            if let Ok(Some(_status)) = running.try_wait() {
                *child = None;
                return;
            }
            sleep(Duration::from_millis(2));
        }
    }
}
