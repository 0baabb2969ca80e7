//! Limiter, lockouts and sessions over one Redis, all in the middle of something.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::HashMap;
use std::time::Duration;

use portcullis_core::{Clock as _, SystemClock};
use portcullis_limit::{
    Algorithm, CountedFailure, Counter, Decision, LimitKey, LimitRequest, Limiter, LimiterError,
    LockoutStore, Quota, Steps,
};
use portcullis_redis::{Redis, RedisLimiter, RedisLockouts, RedisSessions};
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::{
    AuthMark, AuthRecord, IndexedSessionStore, Login, SessionLimits, SessionOwner,
};
use serde_json::json;
use time::OffsetDateTime;

pub(crate) struct Three {
    limiter: RedisLimiter,
    lockouts: RedisLockouts,
    sessions: RedisSessions,
    key: LimitKey,
    quotas: [Quota; 3],
    steps: Steps,
    session: Record,
}

/// A session of Alice's, with an hour to live.
pub(crate) fn login_record() -> Record {
    let now = SystemClock.now();
    let login = AuthRecord::begin(Login::new("alice"), &SessionLimits::REMEMBERED, now);
    let end = now.saturating_add(Duration::from_secs(3600));
    let since_epoch = time::Duration::milliseconds(end.unix_millis());
    let mut record = Record {
        id: Id(1),
        data: HashMap::new(),
        expiry_date: OffsetDateTime::UNIX_EPOCH + since_epoch,
    };
    AuthMark::write(Some(&login.unwrap()), &mut record);
    record
}

fn owner() -> SessionOwner {
    SessionOwner::new("users", "alice")
}

impl Three {
    /// Each quota of five has been used once, each round of five attempts too, and Alice is logged in.
    pub(crate) async fn begin(redis: &Redis) -> Self {
        let quotas = [
            Algorithm::Gcra,
            Algorithm::SlidingWindow,
            Algorithm::FixedWindow,
        ]
        .map(|algorithm| Quota::per_hour(5).algorithm(algorithm));
        let mut three = Self {
            limiter: RedisLimiter::new(redis).without_local_refusals(),
            lockouts: RedisLockouts::new(redis),
            sessions: RedisSessions::new(redis),
            key: LimitKey::from("alice"),
            quotas,
            steps: Steps::until_unlocked(5),
            session: login_record(),
        };
        three.sessions.create(&mut three.session).await.unwrap();
        assert!(three.check().await.unwrap().is_allowed());
        assert!(three.check_alone().await.unwrap().is_allowed());
        assert!(three.count().await.unwrap());
        three
    }

    fn counter(&self) -> Counter<'_> {
        let (key, steps) = (&self.key, &self.steps);
        Counter { key, steps }
    }

    fn requests(&self, cost: u32) -> Vec<LimitRequest<'_>> {
        let request = |quota| LimitRequest::new(&self.key, quota).with_cost(cost);
        self.quotas.iter().map(request).collect()
    }

    /// One request under all three quotas.
    pub(crate) async fn check(&self) -> Result<Decision, LimiterError> {
        self.limiter.check(&self.requests(1)).await
    }

    async fn check_alone(&self) -> Result<Decision, LimiterError> {
        let quota = Quota::per_hour(5).named("alone");
        let request = [LimitRequest::new(&self.key, &quota)];
        self.limiter.check(&request).await
    }

    /// What is left of them.
    pub(crate) async fn look(&self) -> Result<Decision, LimiterError> {
        self.limiter.check(&self.requests(0)).await
    }

    async fn count(&self) -> Result<bool, LimiterError> {
        let counted = self.lockouts.count(&[self.counter()]).await?;
        Ok(counted.is_counted())
    }

    pub(crate) async fn all_fail(&self) {
        self.writes_fail().await;
        assert!(self.look().await.is_err());
        assert!(self.lockouts.look(&[self.counter()]).await.is_err());
        assert!(self.sessions.load(&self.session.id).await.is_err());
        assert!(self.sessions.delete(&self.session.id).await.is_err());
        assert!(self.sessions.list(&owner()).await.is_err());
        assert!(self.sessions.revoke_all(&owner(), None).await.is_err());
        assert!(self.sessions.revoke(&owner(), "any").await.is_err());
    }

    pub(crate) async fn writes_fail(&self) {
        assert!(self.check().await.is_err(), "an error is no pass");
        assert!(self.check_alone().await.is_err(), "an error is no pass");
        assert!(self.count().await.is_err(), "an error is no pass");
        assert!(self.sessions.save(&self.session).await.is_err());
        let mut another = login_record();
        let before = another.clone();
        assert!(self.sessions.create(&mut another).await.is_err());
        assert_eq!(another, before, "a record that is not stored is left alone");
    }

    pub(crate) async fn session_is_there(&self) {
        let found = self.sessions.load(&self.session.id).await.unwrap();
        assert_eq!(AuthMark::of(&found.unwrap()), AuthMark::of(&self.session));
    }

    /// Nothing is lost, and nothing was let through: of five, at most four are left.
    pub(crate) async fn goes_on(&self) {
        let mut allowed = 0;
        while self.check().await.unwrap().is_allowed() {
            allowed += 1;
        }
        assert!(allowed <= 4, "{allowed} more than one were allowed of five");
        let mut counted = 0;
        while self.count().await.unwrap() {
            counted += 1;
        }
        assert!(counted <= 4, "{counted} more than one were counted of five");
        self.session_is_there().await;
        assert_eq!(self.sessions.revoke_all(&owner(), None).await.unwrap(), 1);
    }

    /// All is gone, and all works.
    pub(crate) async fn works_from_the_beginning(&self) {
        for left in (0..5).rev() {
            let decision = self.check().await.unwrap();
            assert!(decision.is_allowed());
            assert_eq!(decision.remaining(), left);
            assert!(self.check_alone().await.unwrap().is_allowed());
            assert!(self.count().await.unwrap());
        }
        assert!(!self.check().await.unwrap().is_allowed());
        assert!(!self.check_alone().await.unwrap().is_allowed());
        assert!(!self.count().await.unwrap());
        assert_eq!(self.sessions.load(&self.session.id).await.unwrap(), None);
        self.sessions.save(&self.session).await.unwrap();
        assert_eq!(self.sessions.load(&self.session.id).await.unwrap(), None);
        assert!(self.sessions.list(&owner()).await.unwrap().is_empty());
        let mut again = login_record();
        self.sessions.create(&mut again).await.unwrap();
        assert_eq!(self.sessions.list(&owner()).await.unwrap().len(), 1);
    }

    /// Every script is run after `disturb`, and none of them forgets or doubles anything.
    pub(crate) async fn each_step_after(&self, disturb: impl Fn()) {
        disturb();
        assert_eq!(self.look().await.unwrap().remaining(), 4);
        disturb();
        let requests = self.requests(1);
        let hits = self.limiter.check(&requests).await.unwrap();
        let hits = hits.into_hits(&requests);
        disturb();
        self.limiter.refund(&hits).await.unwrap();
        assert_eq!(self.look().await.unwrap().remaining(), 4);
        disturb();
        assert_eq!(self.check_alone().await.unwrap().remaining(), 3);
        disturb();
        let counted = self.lockouts.count(&[self.counter()]).await.unwrap();
        let (mark, counter) = (counted.standings()[0].mark, self.counter());
        disturb();
        let failure = CountedFailure { counter, mark };
        self.lockouts.settle(&[], &[failure]).await.unwrap();
        disturb();
        let standings = self.lockouts.look(&[counter]).await.unwrap();
        assert_eq!(standings[0].remaining, 4);
        self.each_step_of_a_session_after(disturb).await;
    }

    async fn each_step_of_a_session_after(&self, disturb: impl Fn()) {
        disturb();
        let mut saved = self.session.clone();
        saved.data.insert(String::from("note"), json!(1));
        self.sessions.save(&saved).await.unwrap();
        self.session_is_there().await;
        disturb();
        self.sessions.delete(&saved.id).await.unwrap();
        disturb();
        self.sessions.create(&mut saved).await.unwrap();
        disturb();
        let sid = AuthMark::of(&saved).into_login().unwrap();
        assert!(self.sessions.revoke(&owner(), sid.sid()).await.unwrap());
        assert_eq!(self.sessions.load(&saved.id).await.unwrap(), None);
    }
}
