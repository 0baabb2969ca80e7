use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::{Metadata, Origin};
use crate::http::Gateway;
use crate::{OauthError, OauthErrorKind};

/// How old a document may become before it is fetched anew.
const FRESH_FOR: Duration = Duration::from_secs(60 * 60);

/// How old it may become where that fails: whoever can cut off the provider must not keep an old endpoint alive for ever.
const USABLE_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// How long nobody asks again after a failure.
const COOL_DOWN: Duration = Duration::from_secs(5);

type Answer = Result<Arc<Metadata>, OauthError>;

/// A provider's discovery document: fetched when first needed, then once an hour, once for all that wait. Clones share it.
///
/// Where there is one, nobody waits for the next; where there is none, all wait for one and the same fetch, which runs in a task
/// of its own, so that whoever goes away does not take it with them. After a failure, it is answered with that for 5 seconds.
#[derive(Debug, Clone)]
pub(crate) struct Discovery {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    origin: Origin,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// With the time at which it was asked for; all times are monotonic.
    found: Option<(Arc<Metadata>, Duration)>,
    failure: Option<(OauthError, Duration)>,
    flight: Option<watch::Receiver<Option<Answer>>>,
}

/// What a look at the state comes to.
enum Look {
    Answer(Answer),
    Wait(watch::Receiver<Option<Answer>>),
}

impl Discovery {
    pub(crate) fn new(origin: Origin) -> Self {
        let state = Mutex::default();
        Self {
            shared: Arc::new(Shared { origin, state }),
        }
    }

    pub(crate) async fn metadata(&self) -> Answer {
        let look = self.look();
        match look {
            Look::Answer(answer) => answer,
            Look::Wait(mut flight) => match flight.wait_for(Option::is_some).await {
                Ok(answer) => answer.clone().unwrap_or_else(|| Err(gone())),
                Err(_) => Err(gone()),
            },
        }
    }

    fn look(&self) -> Look {
        let now = self.shared.now();
        let mut state = self.shared.lock();
        let usable = state.found_within(USABLE_FOR, now);
        if let Some(fresh) = state.found_within(FRESH_FOR, now) {
            return Look::Answer(Ok(fresh));
        }
        if let Some(flight) = state.flight() {
            return usable.map_or(Look::Wait(flight), |found| Look::Answer(Ok(found)));
        }
        if let Some(failure) = state.failure_at(now) {
            return Look::Answer(usable.ok_or(failure));
        }
        let flight = self.launch(&mut state, now);
        usable.map_or(Look::Wait(flight), |found| Look::Answer(Ok(found)))
    }

    fn launch(&self, state: &mut State, now: Duration) -> watch::Receiver<Option<Answer>> {
        let (sender, receiver) = watch::channel(None);
        state.flight = Some(receiver.clone());
        tokio::spawn(fly(Arc::clone(&self.shared), sender, now));
        receiver
    }
}

/// First the state, then the word to those who wait.
async fn fly(shared: Arc<Shared>, sender: watch::Sender<Option<Answer>>, asked_at: Duration) {
    let gateway: &Gateway = &shared.origin.trust.gateway;
    let answer = gateway.within(shared.origin.load()).await.map(Arc::new);
    if let Err(error) = &answer {
        let issuer = shared.origin.trust.issuer.as_str();
        tracing::warn!(
            issuer,
            code = error.code(),
            "a discovery document could not be had"
        );
    }
    shared.lock().settle(&answer, asked_at, shared.now());
    sender.send_replace(Some(answer));
}

impl Shared {
    fn now(&self) -> Duration {
        self.origin.trust.clock.monotonic()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn found_within(&self, age: Duration, now: Duration) -> Option<Arc<Metadata>> {
        let (metadata, asked_at) = self.found.as_ref()?;
        (now < *asked_at + age).then(|| Arc::clone(metadata))
    }

    /// The fetch that is under way. One whose task is gone, with its runtime, is none.
    fn flight(&self) -> Option<watch::Receiver<Option<Answer>>> {
        let flight = self.flight.as_ref()?;
        flight.has_changed().is_ok().then(|| flight.clone())
    }

    fn failure_at(&self, now: Duration) -> Option<OauthError> {
        let (error, failed_at) = self.failure.as_ref()?;
        (now < *failed_at + COOL_DOWN).then(|| error.clone())
    }

    fn settle(&mut self, answer: &Answer, asked_at: Duration, now: Duration) {
        self.flight = None;
        match answer {
            Ok(metadata) => {
                self.found = Some((Arc::clone(metadata), asked_at));
                self.failure = None;
            }
            Err(error) => {
                self.failure = Some((error.clone(), now));
            }
        }
    }
}

fn gone() -> OauthError {
    OauthErrorKind::ProviderUnreachable.into()
}
