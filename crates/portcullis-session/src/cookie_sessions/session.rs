//! The session behind a cookie: whether it is there, and what is noted in it.

use std::sync::Arc;

use portcullis_core::Timestamp;
use tower_sessions::SessionStore;
use tower_sessions::session::Record;

use super::Inner;
use super::incoming::Presented;
use super::renewal::Renewals;
use super::series::{SERIES_KEY, Series, Standing};
use crate::expiry::to_date;
use crate::sessions::Known;
use crate::{AUTH_KEY, AuthRecord, IndexedSessionStore, SessionError, mark, observe};

/// A session that somebody is logged in to.
pub(super) struct Found {
    record: Record,
    pub(super) known: Arc<Known>,
    /// For a remembered login.
    series: Option<(Series, Standing)>,
}

impl Inner {
    /// The session behind a cookie, if it is there and within its limits. If its token gives a thief away, all sessions of the
    /// user end, and it is not there.
    pub(super) async fn find(
        &self,
        presented: &Presented,
        now: Timestamp,
    ) -> Result<Option<Found>, SessionError> {
        let Some(record) = self.store.load(&presented.id).await? else {
            return Ok(None);
        };
        let mark = record.data.get(AUTH_KEY);
        let Some(known) = mark.and_then(|mark| self.sessions.recognise(mark, now)) else {
            return Ok(None);
        };
        let series = match record.data.get(SERIES_KEY).and_then(Series::read) {
            None => None,
            Some(series) => match series.judge(presented.token, now) {
                Some(standing) => Some((series, standing)),
                None => return self.end_all(&known.login).await,
            },
        };
        Ok(Some(Found {
            record,
            known,
            series,
        }))
    }

    async fn end_all(&self, login: &AuthRecord) -> Result<Option<Found>, SessionError> {
        let ended = self.store.revoke_all(&login.owner(), None).await?;
        observe::stolen(login, ended);
        if let Some(handler) = &self.on_theft {
            handler(login);
        }
        Ok(None)
    }

    /// Notes the use of a login, if the last note is old enough, and what its token tells. The store writes it only where the
    /// session is still there.
    pub(super) async fn note(&self, found: Found, renewals: Option<&Renewals>, now: Timestamp) {
        let touched = self.sessions.touched(&found.known.login, now);
        let step = found.step(touched.is_some() && renewals.is_some(), now);
        let is_news = touched.is_some() || step.series.is_some();
        if !is_news && !step.is_sent {
            return;
        }
        let id = found.record.id;
        let login = touched.unwrap_or_else(|| found.known.login.clone());
        let last = step.series.as_ref().or(found.last()).map(Series::last);
        if is_news && !self.save(found.record, &login, step.series.as_ref()).await {
            return;
        }
        if let Some(renewals) = renewals.filter(|_| step.is_sent) {
            let cookie = self.outgoing.of_login(&id, last, &login, now);
            renewals.add(&self.name, id, cookie, now);
        }
    }

    async fn save(&self, mut record: Record, login: &AuthRecord, series: Option<&Series>) -> bool {
        let mark = mark::login_value(login);
        let series = series.map(Series::value).transpose();
        let (Ok(mark), Ok(series)) = (mark, series) else {
            return false;
        };
        record.data.insert(AUTH_KEY.to_owned(), mark);
        record
            .data
            .extend(series.map(|series| (SERIES_KEY.to_owned(), series)));
        record.expiry_date = to_date(login.expires_at());
        let saved = self.store.save(&record).await;
        match &saved {
            Ok(()) => observe::touched(login),
            Err(error) => observe::touch_failed(login, error),
        }
        saved.is_ok()
    }
}

impl Found {
    fn last(&self) -> Option<&Series> {
        self.series.as_ref().map(|(series, _)| series)
    }

    /// What becomes of the login's token; `renew` where the cookie should be renewed, and can be.
    fn step(&self, renew: bool, now: Timestamp) -> Step {
        let Some((series, standing)) = &self.series else {
            return Step::stay(false);
        };
        match *standing {
            Standing::Last { number, is_news } if is_news => Step {
                series: Some(series.shown(number, now)),
                is_sent: false,
            },
            Standing::Last { number, .. } if renew && series.is_seasoned(now) => Step {
                series: Some(series.after(number)),
                is_sent: true,
            },
            Standing::Last { .. } | Standing::JustOver => Step::stay(false),
            Standing::BeforeUnshown => Step::stay(true),
        }
    }
}

/// What is to be written of a series, and whether the browser is to get its last token.
struct Step {
    series: Option<Series>,
    is_sent: bool,
}

impl Step {
    fn stay(is_sent: bool) -> Self {
        Self {
            series: None,
            is_sent,
        }
    }
}
