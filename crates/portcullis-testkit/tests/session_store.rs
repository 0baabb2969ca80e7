//! The suite itself: a store that breaks one rule does not pass it.
#![cfg(feature = "session")]

use async_trait::async_trait;
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::tower_sessions::session_store::{Error, Result};
use portcullis_session::{
    AUTH_KEY, AuthMark, AuthRecord, IndexedSessionStore, Login, MemorySessions, SessionLimits,
    SessionOwner, SessionSummary,
};
use portcullis_testkit::session_store::conformance;

/// What a store may get wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    SavesNothing,
    SavingWhatIsGoneIsAnError,
    LogoutEndsOnlyTheId,
    DeletesNothing,
    TakesUpWhatIsOver,
    KeepsTheCountOfIds,
    ListsOtherCollections,
    RevokesForAnybody,
    RevokesAllWithoutExcept,
    PurgesNothing,
    LosesOddKeys,
}

#[derive(Debug)]
struct Faulty {
    fault: Fault,
    store: MemorySessions,
}

impl Faulty {
    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }
}

#[async_trait]
impl SessionStore for Faulty {
    async fn create(&self, record: &mut Record) -> Result<()> {
        if self.has(Fault::LosesOddKeys) {
            record
                .data
                .retain(|key, _| key.is_ascii() && !key.contains('\0'));
        }
        let before = record.data.get(AUTH_KEY).cloned();
        let created = self.store.create(record).await;
        if created.is_err() && self.has(Fault::TakesUpWhatIsOver) {
            let user = AuthMark::of(record)
                .into_login()
                .map(|login| login.user().to_owned());
            let now = portcullis_core::Clock::now(&portcullis_core::SystemClock);
            let login = Login::new(user.unwrap_or_default());
            let anew = AuthRecord::begin(login, &SessionLimits::REMEMBERED, now).unwrap();
            AuthMark::write(Some(&anew), record);
            return self.store.create(record).await;
        }
        if let (Some(before), true) = (before, self.has(Fault::KeepsTheCountOfIds)) {
            record.data.insert(AUTH_KEY.to_owned(), before);
        }
        created
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let is_logout = matches!(AuthMark::of(record), AuthMark::Ended { .. });
        match self.fault {
            Fault::SavesNothing => Ok(()),
            Fault::LogoutEndsOnlyTheId if is_logout => self.store.delete(&record.id).await,
            Fault::SavingWhatIsGoneIsAnError if self.store.load(&record.id).await?.is_none() => {
                Err(Error::Backend(String::from("no such session")))
            }
            _ => self.store.save(record).await,
        }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.store.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        match self.has(Fault::DeletesNothing) {
            true => Ok(()),
            false => self.store.delete(id).await,
        }
    }
}

#[async_trait]
impl IndexedSessionStore for Faulty {
    async fn list(&self, owner: &SessionOwner) -> Result<Vec<SessionSummary>> {
        let mut list = self.store.list(owner).await?;
        if self.has(Fault::ListsOtherCollections) && owner.collection() == "customers" {
            list.extend(
                self.store
                    .list(&SessionOwner::new("users", owner.user()))
                    .await?,
            );
        }
        Ok(list)
    }

    async fn revoke(&self, owner: &SessionOwner, sid: &str) -> Result<bool> {
        if self.has(Fault::RevokesForAnybody) {
            return self
                .store
                .revoke(&SessionOwner::new("users", "alice"), sid)
                .await;
        }
        self.store.revoke(owner, sid).await
    }

    async fn revoke_all(&self, owner: &SessionOwner, except: Option<&str>) -> Result<u64> {
        let except = except.filter(|_| !self.has(Fault::RevokesAllWithoutExcept));
        self.store.revoke_all(owner, except).await
    }

    async fn purge_expired(&self) -> Result<u64> {
        match self.has(Fault::PurgesNothing) {
            true => Ok(0),
            false => self.store.purge_expired().await,
        }
    }
}

async fn passes(fault: Fault) -> bool {
    let suite = tokio::spawn(conformance(move || async move {
        Faulty {
            fault,
            store: MemorySessions::new(),
        }
    }));
    suite.await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_without_a_fault_passes() {
    assert!(passes(Fault::None).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_with_any_fault_does_not() {
    let faults = [
        Fault::SavesNothing,
        Fault::SavingWhatIsGoneIsAnError,
        Fault::LogoutEndsOnlyTheId,
        Fault::DeletesNothing,
        Fault::TakesUpWhatIsOver,
        Fault::KeepsTheCountOfIds,
        Fault::ListsOtherCollections,
        Fault::RevokesForAnybody,
        Fault::RevokesAllWithoutExcept,
        Fault::PurgesNothing,
        Fault::LosesOddKeys,
    ];
    for fault in faults {
        assert!(!passes(fault).await, "{fault:?} is not noticed");
    }
}
