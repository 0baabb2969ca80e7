use std::fmt;
use std::future::poll_fn;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::{Request, Response, StatusCode};
use tokio::runtime::{Builder, Runtime};
use tower_service::Service;

/// What one thread does: some number of requests, one after the other.
pub struct Lane {
    run: Box<dyn FnMut(&Leg<'_>) -> Duration + Send>,
}

/// How far a lane is to run.
pub(crate) struct Leg<'a> {
    pub(crate) requests: usize,
    /// How many requests are built before the clock starts; the rest follow in batches of as many.
    pub(crate) batch: usize,
    pub(crate) start: Start<'a>,
    /// Where the allocations are counted, if they are: to count them takes time, so it is done in a run of its own.
    pub(crate) allocations: Option<&'a AtomicU64>,
}

impl Leg<'_> {
    fn counting(&self, run: impl FnOnce()) {
        match self.allocations {
            Some(allocations) => {
                let counted = allocation_counter::measure(run);
                allocations.fetch_add(counted.count_total, Ordering::Relaxed);
            }
            None => allocation_counter::opt_out(run),
        }
    }
}

/// Where the threads of one case wait for each other. They spin: to be woken takes longer than many a leg.
#[derive(Clone, Copy)]
pub(crate) struct Start<'a> {
    pub(crate) arrived: &'a AtomicUsize,
    pub(crate) expected: usize,
}

impl Start<'_> {
    fn wait(self) {
        self.arrived.fetch_add(1, Ordering::AcqRel);
        while self.arrived.load(Ordering::Acquire) < self.expected {
            std::hint::spin_loop();
        }
    }
}

/// A response whose status a lane can compare with the one that it must have.
pub trait Answer {
    /// The status.
    fn status(&self) -> StatusCode;
}

impl<B> Answer for Response<B> {
    fn status(&self) -> StatusCode {
        self.status()
    }
}

impl Lane {
    fn new(run: impl FnMut(&Leg<'_>) -> Duration + Send + 'static) -> Self {
        Self { run: Box::new(run) }
    }

    /// Requests through a service, on a runtime of this thread alone.
    ///
    /// `request` makes the n-th request of a leg, and every response must have the status `expected`, so that no bench measures
    /// an error by mistake.
    pub fn service<S, B>(
        expected: StatusCode,
        service: S,
        request: impl FnMut(usize) -> Request<B> + Send + 'static,
    ) -> Self
    where
        S: Service<Request<B>, Response: Answer, Error: fmt::Debug> + Clone + Send + 'static,
    {
        Self::anew(expected, move || service.clone(), request)
    }

    /// As [`service`](Self::service), and each leg starts with another service, such as one whose caches are empty.
    pub fn anew<S, B>(
        expected: StatusCode,
        mut service: impl FnMut() -> S + Send + 'static,
        mut request: impl FnMut(usize) -> Request<B> + Send + 'static,
    ) -> Self
    where
        S: Service<Request<B>, Response: Answer, Error: fmt::Debug>,
    {
        let runtime = runtime();
        Self::new(move |leg| {
            let mut service = service();
            in_batches(leg, &mut request, |batch| {
                runtime.block_on(drive(&mut service, batch, expected, leg.start))
            })
        })
    }

    /// Calls of a function, which is given what `input` made for its n-th call before the clock started. Batches are longer than
    /// those of requests, so that reading the clock does not count.
    pub fn function<I, O>(
        mut input: impl FnMut(usize) -> I + Send + 'static,
        mut function: impl FnMut(I) -> O + Send + 'static,
    ) -> Self {
        Self::new(move |leg| {
            let leg = &Leg {
                batch: leg.batch * 16,
                ..*leg
            };
            in_batches(leg, &mut input, |batch| {
                leg.start.wait();
                let start = Instant::now();
                for input in batch.drain(..) {
                    black_box(function(black_box(input)));
                }
                start.elapsed()
            })
        })
    }

    pub(crate) fn run(&mut self, leg: &Leg<'_>) -> Duration {
        (self.run)(leg)
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").finish_non_exhaustive()
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .build()
        .expect("a runtime of one thread needs nothing of the system")
}

/// Builds the inputs batch by batch, and adds up what `timed` says that each batch took.
fn in_batches<I>(
    leg: &Leg<'_>,
    input: &mut impl FnMut(usize) -> I,
    mut timed: impl FnMut(&mut Vec<I>) -> Duration,
) -> Duration {
    let mut spent = Duration::ZERO;
    let mut batch = Vec::with_capacity(leg.batch);
    let mut done = 0;
    while done < leg.requests {
        let end = leg.requests.min(done + leg.batch);
        batch.extend((done..end).map(&mut *input));
        leg.counting(|| spent += timed(&mut batch));
        done = end;
    }
    spent
}

async fn drive<S, B>(
    service: &mut S,
    batch: &mut Vec<Request<B>>,
    expected: StatusCode,
    gate: Start<'_>,
) -> Duration
where
    S: Service<Request<B>, Response: Answer, Error: fmt::Debug>,
{
    gate.wait();
    let start = Instant::now();
    for request in batch.drain(..) {
        let ready = poll_fn(|context| service.poll_ready(context)).await;
        ready.expect("the services of a bench are always ready");
        let response = service.call(black_box(request)).await;
        let response = black_box(response.expect("the services of a bench do not fail"));
        assert_eq!(response.status(), expected);
    }
    start.elapsed()
}
