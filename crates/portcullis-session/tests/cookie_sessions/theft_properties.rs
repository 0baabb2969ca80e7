//! AC-M2: an honest browser is never taken for a thief, whatever is slow, lost or overtaken.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::SET_COOKIE;
use http::{Request, Response};
use portcullis_core::{AuthUser, AuthUserBuilder, AuthnLayer, Denial};
use portcullis_session::{AuthRecord, SessionLimits};
use proptest::prelude::*;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::world::{World, alice, id_in, with_id, world_with};

/// What happens next.
#[derive(Debug, Clone)]
enum Event {
    /// The browser sends a request with the cookie that it has: the session is loaded.
    Send,
    /// A request goes on by one step: what it tells is noted, and then its answer is made and arrives.
    GoOn(usize),
    /// A request's answer is lost, or its browser went away.
    Lose(usize),
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let waits = [0, 1, 5, 9, 11, 30, 59, 61, 599, 601, 3_600, 90_000];
    prop_oneof![
        4 => Just(Event::Send),
        6 => any::<usize>().prop_map(Event::GoOn),
        1 => any::<usize>().prop_map(Event::Lose),
        4 => prop::sample::select(waits.to_vec()).prop_map(Event::Wait),
    ]
}

/// A request that stands still twice: in the user loader, between load and note, and in the handler.
struct UnderWay {
    loader: Arc<Semaphore>,
    handler: Arc<Semaphore>,
    steps: usize,
    answer: JoinHandle<(Option<String>, Option<String>)>,
}

type Gates = Arc<Mutex<VecDeque<Arc<Semaphore>>>>;

struct Scene {
    world: World,
    gates: Gates,
    thefts: Arc<AtomicUsize>,
    jar: String,
    under_way: Vec<UnderWay>,
}

impl Scene {
    async fn new() -> Self {
        let gates = Gates::default();
        let queue = Arc::clone(&gates);
        let mut world = world_with(move |sessions| {
            let queue = Arc::clone(&queue);
            let years = SessionLimits::new(Duration::MAX, Duration::MAX);
            // Far more often than anybody would: the rules must hold by themselves.
            let often = Duration::from_secs(1);
            let sessions = sessions.with_remembered(years).with_touch_interval(often);
            sessions.with_user_loader(move |_: AuthRecord, user: AuthUserBuilder| {
                let gate = queue.lock().unwrap().pop_front();
                async move {
                    gate.unwrap().acquire().await.unwrap().forget();
                    Ok::<_, Denial>(Some(user))
                }
            })
        });
        let thefts = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&thefts);
        world.sessions = world.sessions.on_theft(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let (_, jar) = world.log_in(alice().remember(true)).await;
        Self {
            world,
            gates,
            thefts,
            jar,
            under_way: Vec::new(),
        }
    }

    async fn happen(&mut self, event: &Event) {
        match event {
            Event::Send => self.send(),
            Event::Wait(seconds) => self.world.clock.advance(Duration::from_secs(*seconds)),
            Event::GoOn(which) if !self.under_way.is_empty() => self.go_on(*which).await,
            Event::Lose(which) if !self.under_way.is_empty() => {
                let place = which % self.under_way.len();
                let lost = self.under_way.swap_remove(place);
                lost.loader.add_permits(1);
                lost.handler.add_permits(1);
                lost.answer.await.unwrap();
            }
            Event::GoOn(_) | Event::Lose(_) => {}
        }
        settle().await;
    }

    fn send(&mut self) {
        let [loader, handler] = [(); 2].map(|()| Arc::new(Semaphore::new(0)));
        self.gates.lock().unwrap().push_back(Arc::clone(&loader));
        let gate = Arc::clone(&handler);
        let service = ServiceBuilder::new()
            .layer(self.world.sessions.renewal())
            .layer(AuthnLayer::new().scheme(self.world.sessions.clone()))
            .service(service_fn(move |request: Request<()>| {
                let gate = Arc::clone(&gate);
                async move {
                    gate.acquire().await.unwrap().forget();
                    let user = AuthUser::of(request.extensions())?.map(|user| user.id().to_owned());
                    let mut response = Response::new(());
                    response.extensions_mut().insert(user);
                    Ok::<_, Denial>(response)
                }
            }));
        let request = Request::from_parts(with_id(&self.jar), ());
        let answer = tokio::spawn(async move {
            let response = service.oneshot(request).await.unwrap();
            let cookie = response.headers().get(SET_COOKIE).map(id_in);
            let user = response.extensions().get::<Option<String>>().unwrap();
            (user.clone(), cookie)
        });
        self.under_way.push(UnderWay {
            loader,
            handler,
            steps: 0,
            answer,
        });
    }

    async fn go_on(&mut self, which: usize) {
        let place = which % self.under_way.len();
        let request = &mut self.under_way[place];
        request.steps += 1;
        if request.steps == 1 {
            request.loader.add_permits(1);
            return;
        }
        request.handler.add_permits(1);
        let (user, cookie) = self.under_way.swap_remove(place).answer.await.unwrap();
        assert_eq!(user.as_deref(), Some("alice"));
        if let Some(cookie) = cookie {
            self.jar = cookie;
        }
    }
}

/// Lets all tasks run until they stand still.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

proptest! {
    #[test]
    fn ac_m2_an_honest_browser_is_no_thief(events in prop::collection::vec(event(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut scene = Scene::new().await;
            for event in &events {
                scene.happen(event).await;
                prop_assert_eq!(scene.thefts.load(Ordering::SeqCst), 0);
            }
            for request in scene.under_way {
                request.answer.abort();
            }
            let head = with_id(&scene.jar);
            let login = scene.world.sessions.current(&head.headers).await.unwrap();
            prop_assert!(login.is_some(), "and stays logged in");
            Ok(())
        })?;
    }
}
