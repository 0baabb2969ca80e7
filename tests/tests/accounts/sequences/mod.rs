//! Sequences of requests that nobody thought of, to two nodes over one file: none of them reaches a state in which something that was
//! taken back works, or something that was not does not.

mod model;
mod run;

use std::sync::Arc;
use std::time::Duration;

use portcullis::{Clock as _, SystemClock};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::run::Run;
use crate::support::{Place, World};

/// What somebody asks a node for. Numbers pick whatever there is of the kind, again from the beginning at its end.
#[derive(Debug, Clone)]
enum Request {
    Login {
        cookie: bool,
    },
    Refresh {
        session: usize,
    },
    /// An old refresh token once more.
    Replay {
        session: usize,
        token: usize,
    },
    Logout {
        session: usize,
        by_access: bool,
    },
    LogoutAll {
        session: usize,
        keeps_current: bool,
    },
    ChangePassword {
        session: usize,
    },
    ResetPassword,
    Ban,
    Unban,
    CreateKey {
        session: usize,
    },
    RevokeKey {
        session: usize,
        key: usize,
    },
    SetRole {
        admin: bool,
    },
    /// Seconds pass.
    Wait(u64),
    /// Both nodes hear of each other.
    CatchUp,
}

/// A request, of which of two people, to which of two nodes.
#[derive(Debug, Clone)]
struct Step {
    person: usize,
    node: usize,
    request: Request,
}

fn step() -> impl Strategy<Value = Step> {
    let session = 0..6_usize;
    let request = prop_oneof![
        4 => any::<bool>().prop_map(|cookie| Request::Login { cookie }),
        4 => session.clone().prop_map(|session| Request::Refresh { session }),
        2 => (session.clone(), 0..4_usize)
            .prop_map(|(session, token)| Request::Replay { session, token }),
        2 => (session.clone(), any::<bool>())
            .prop_map(|(session, by_access)| Request::Logout { session, by_access }),
        1 => (session.clone(), any::<bool>())
            .prop_map(|(session, keeps_current)| Request::LogoutAll { session, keeps_current }),
        1 => session.clone().prop_map(|session| Request::ChangePassword { session }),
        1 => Just(Request::ResetPassword),
        1 => Just(Request::Ban),
        2 => Just(Request::Unban),
        2 => session.clone().prop_map(|session| Request::CreateKey { session }),
        1 => (session, 0..3_usize).prop_map(|(session, key)| Request::RevokeKey { session, key }),
        2 => any::<bool>().prop_map(|admin| Request::SetRole { admin }),
        2 => (0..20_u64).prop_map(Request::Wait),
        1 => Just(Request::CatchUp),
    ];
    (0..2_usize, 0..2_usize, request).prop_map(|(person, node, request)| Step {
        person,
        node,
        request,
    })
}

/// As many as fit into this time, but for `PROPTEST_CASES`, which is how many are tried at most; and a few on any machine.
const TIME: Duration = Duration::from_secs(15);
const FEW: usize = 4;

#[test]
fn no_sequence_of_requests_brings_back_what_was_taken_back() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let world = runtime.block_on(World::on(Place::sqlite()));
    let world = Arc::new(world);
    runtime.block_on(Run::prepare(&world));
    let seed = seed();
    let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    println!("seed: PORTCULLIS_SEED={hex}");
    let config = Config {
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let until = SystemClock.now().saturating_add(TIME);
    let tried = std::cell::Cell::new((0_usize, 0_usize));
    let outcome = runner.run(&vec(step(), 1..60), |steps| {
        if until < SystemClock.now() && tried.get().0 >= FEW && tried.get().1 > 100 {
            return Ok(());
        }
        let checks = runtime.block_on(async { Run::begin(&world).await.walk(&steps).await })?;
        let (cases, all) = tried.get();
        tried.set((cases + 1, all + checks));
        Ok(())
    });
    let (cases, checks) = tried.get();
    println!("{cases} sequences, {checks} credentials tried");
    assert!(outcome.is_ok(), "seed {hex}: {outcome:?}");
    assert!(
        cases >= FEW && checks > 100,
        "{cases} sequences, {checks} credentials"
    );
}

/// That of the variable, or a new one.
fn seed() -> [u8; 32] {
    use std::hash::{BuildHasher as _, RandomState};
    let mut seed = [0; 32];
    if let Ok(hex) = std::env::var("PORTCULLIS_SEED") {
        for (index, byte) in seed.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[index * 2..index * 2 + 2], 16).unwrap();
        }
        return seed;
    }
    for (index, part) in seed.chunks_mut(8).enumerate() {
        part.copy_from_slice(&RandomState::new().hash_one(index).to_le_bytes());
    }
    seed
}
