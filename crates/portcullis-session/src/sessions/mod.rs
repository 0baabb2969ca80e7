//! The scheme and what can be done with a session.

mod flow;
mod identify;
mod loader;
mod memo;
mod second_factor;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{RoleMap, SharedClock, SystemClock, Timestamp};

pub(crate) use self::identify::read;
pub use self::loader::UserLoader;
pub(crate) use self::memo::Known;
use self::memo::Memo;
use crate::{Login, SessionLimits};

/// A touch is at least this far from the one before.
const TOUCH_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// AC-O4: what waits for a second factor waits for five minutes.
const SECOND_FACTOR_WITHIN: Duration = Duration::from_secs(5 * 60);

/// Logins in tower-sessions' [`Session`](tower_sessions::Session)s: the scheme that reads them, and what writes them.
///
#[doc = include_str!("../../docs/sessions.md")]
#[derive(Clone)]
pub struct Sessions {
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    clock: SharedClock,
    remembered: SessionLimits,
    brief: SessionLimits,
    touch_interval: Duration,
    second_factor_within: Duration,
    kept_on_login: Vec<Box<str>>,
    loader: Option<Arc<dyn UserLoader>>,
    role_map: RoleMap,
    memo: Memo,
}

impl Default for Sessions {
    fn default() -> Self {
        Self::new()
    }
}

impl Sessions {
    /// The default limits, the built-in roles, the machine's clock; rights as of login.
    #[must_use]
    pub fn new() -> Self {
        let settings = Settings {
            clock: SystemClock::shared(),
            remembered: SessionLimits::REMEMBERED,
            brief: SessionLimits::BRIEF,
            touch_interval: TOUCH_INTERVAL,
            second_factor_within: SECOND_FACTOR_WITHIN,
            kept_on_login: Vec::new(),
            loader: None,
            role_map: RoleMap::default(),
            memo: Memo::new(),
        };
        Self {
            settings: Arc::new(settings),
        }
    }

    /// Replaces the machine's clock.
    #[must_use]
    pub fn with_clock(self, clock: SharedClock) -> Self {
        self.with(|settings| settings.clock = clock)
    }

    /// Sets how long remembered logins last; [`SessionLimits::REMEMBERED`] unless said.
    #[must_use]
    pub fn with_remembered(self, limits: SessionLimits) -> Self {
        self.with(|settings| settings.remembered = limits)
    }

    /// Sets how long other logins last; [`SessionLimits::BRIEF`] unless said.
    #[must_use]
    pub fn with_brief(self, limits: SessionLimits) -> Self {
        self.with(|settings| settings.brief = limits)
    }

    /// Sets how far apart notes of a login's use are at least; 10 minutes unless said, and never more than a quarter of the
    /// idle limit.
    ///
    /// A request that only reads writes nothing, but for this note. So a login may end by up to this interval before its idle
    /// limit has passed since its last use, and never after.
    #[must_use]
    pub fn with_touch_interval(self, interval: Duration) -> Self {
        self.with(|settings| settings.touch_interval = interval)
    }

    /// Sets how long a login waits for its second factor; 5 minutes unless said.
    #[must_use]
    pub fn with_second_factor_within(self, within: Duration) -> Self {
        self.with(|settings| settings.second_factor_within = within)
    }

    /// Lists the keys of an anonymous session's data that survive a login, such as a cart; none unless said.
    ///
    /// Everything else is dropped, since whoever planted the session may have written it. The same list holds for a login on
    /// top of another user's.
    #[must_use]
    pub fn keeping_on_login<'a>(self, keys: impl IntoIterator<Item = &'a str>) -> Self {
        let own = |key: &&str| *key != crate::AUTH_KEY && *key != crate::mark::PENDING_KEY;
        let keys = keys.into_iter().filter(own).map(Box::from).collect();
        self.with(|settings| settings.kept_on_login = keys)
    }

    /// Has the user looked up on each request, so that changes of roles and closed accounts take effect at once.
    #[must_use]
    pub fn with_user_loader(self, loader: impl UserLoader) -> Self {
        self.with(|settings| settings.loader = Some(Arc::new(loader)))
    }

    /// Says what roles permit; the built-in table (admin, user, guest) unless said.
    #[must_use]
    pub fn with_role_map(self, map: RoleMap) -> Self {
        self.with(|settings| settings.role_map = map)
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        let settings = Arc::make_mut(&mut self.settings);
        change(settings);
        settings.memo = Memo::new();
        self
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    fn limits_for(&self, login: &Login) -> &SessionLimits {
        match login.remember {
            true => &self.settings.remembered,
            false => &self.settings.brief,
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("remembered", &self.settings.remembered)
            .field("brief", &self.settings.brief)
            .field("touch_interval", &self.settings.touch_interval)
            .field("kept_on_login", &self.settings.kept_on_login)
            .finish_non_exhaustive()
    }
}
