//! Which scheme decides a request, and what it says.

use std::sync::Arc;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::rerender::Rerender;
use crate::context::Manner;
use crate::render::refuse;
use crate::{
    Attempt, AuthContext, AuthUser, BoxFuture, CredentialPlace, Denial, Identified, Presence,
    Scheme, UserIdInLogs, observe,
};

/// What an `AuthnLayer` knows, shared by all its services.
#[derive(Debug)]
pub(super) struct Identify {
    pub(super) schemes: Vec<Arc<dyn Scheme>>,
    pub(super) manner: Arc<Manner>,
    pub(super) required: bool,
    pub(super) user_id_in_logs: UserIdInLogs,
}

/// How far the list of schemes has been asked: first that of the one explicit credential, then all others in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor {
    explicit: Option<usize>,
    explicit_asked: bool,
    next: usize,
    /// The scheme that was asked last.
    asked: Option<usize>,
}

/// What asking the schemes came to.
pub(super) enum Step {
    Decided(Cursor, Identified),
    Waiting(Cursor, BoxFuture<'static, Identified>),
}

impl Identify {
    /// Asks until a scheme decides or must wait.
    pub(super) fn start(&self, request: &Parts) -> Step {
        match self.explicit(request) {
            Ok(explicit) => self.ask(Cursor::new(explicit), request),
            Err(denial) => Step::Decided(Cursor::new(None), Err(denial)),
        }
    }

    /// Goes on after a scheme that had to wait.
    pub(super) fn resume(&self, cursor: Cursor, result: Identified, request: &Parts) -> Step {
        match result {
            Ok(None) => self.ask(cursor, request),
            decided => Step::Decided(cursor, decided),
        }
    }

    fn ask(&self, mut cursor: Cursor, request: &Parts) -> Step {
        while let Some(position) = cursor.advance(self.schemes.len()) {
            match self.schemes[position].authenticate(request) {
                Attempt::Absent => {}
                Attempt::Ready(result) => return Step::Decided(cursor, result.map(Some)),
                Attempt::Pending(future) => return Step::Waiting(cursor, future),
            }
        }
        Step::Decided(cursor, Ok(None))
    }

    /// Which scheme the one explicit credential is for, if there is one.
    fn explicit(&self, request: &Parts) -> Result<Option<usize>, Denial> {
        if has_two_authorizations(&request.headers) {
            return Err(Denial::multiple_credentials());
        }
        if self.schemes.len() < 2 {
            return Ok(None);
        }
        let mut found: Option<Claim> = None;
        for (scheme, presence) in self
            .schemes
            .iter()
            .map(|scheme| scheme.presence(request))
            .enumerate()
        {
            found = Claim::settle(found, scheme, presence)?;
        }
        Ok(found.map(|claim| claim.scheme))
    }

    /// Writes who is calling into the request, or refuses it.
    pub(super) fn conclude(
        &self,
        cursor: Cursor,
        identified: Identified,
        request: &mut Parts,
    ) -> Result<(), Response<Bytes>> {
        match identified {
            Err(denial) => Err(self.refuse_credential(cursor, denial, request)),
            Ok(None) if self.required => {
                let denial = Denial::unauthenticated();
                observe::missing(&denial);
                Err(self.render(denial, request))
            }
            Ok(user) => {
                self.admit(user, request);
                Ok(())
            }
        }
    }

    /// What is to be done about denials that the handler may return.
    pub(super) fn rerender(&self, request: &Parts) -> Option<Box<Rerender>> {
        Rerender::new(&self.manner, request)
    }

    fn admit(&self, user: Option<AuthUser>, request: &mut Parts) {
        observe::identified(user.as_ref(), &self.user_id_in_logs);
        AuthContext::with_manner(user, Arc::clone(&self.manner))
            .insert_into(&mut request.extensions);
    }

    fn refuse_credential(
        &self,
        cursor: Cursor,
        denial: Denial,
        request: &Parts,
    ) -> Response<Bytes> {
        let asked = cursor.asked.and_then(|position| self.schemes.get(position));
        match asked {
            Some(scheme) => observe::refused(scheme.name().as_str(), &denial),
            None => observe::refused("none", &denial),
        }
        let denial = match denial.status() {
            StatusCode::UNAUTHORIZED => self.challenge_of_others(asked, denial),
            _ => denial,
        };
        self.render(denial, request)
    }

    /// A 401 for a broken credential names what was wrong with it first, and then the other ways in.
    fn challenge_of_others(&self, asked: Option<&Arc<dyn Scheme>>, denial: Denial) -> Denial {
        let own: Option<HeaderValue> = asked.and_then(|scheme| scheme.challenge());
        if denial.challenges().is_empty() {
            return denial.or_challenges(&self.manner.challenges);
        }
        let others = self
            .manner
            .challenges
            .iter()
            .filter(|challenge| Some(*challenge) != own.as_ref());
        others.cloned().fold(denial, |denial, challenge| {
            match denial.challenges().contains(&challenge) {
                true => denial,
                false => denial.with_challenge(challenge),
            }
        })
    }

    fn render(&self, denial: Denial, request: &Parts) -> Response<Bytes> {
        refuse(
            &*self.manner.renderer,
            denial.or_challenges(&self.manner.challenges),
            request,
        )
    }
}

impl Cursor {
    fn new(explicit: Option<usize>) -> Self {
        Self {
            explicit,
            explicit_asked: false,
            next: 0,
            asked: None,
        }
    }

    fn advance(&mut self, count: usize) -> Option<usize> {
        self.asked = match self.explicit.filter(|_| !self.explicit_asked) {
            Some(explicit) => {
                self.explicit_asked = true;
                Some(explicit)
            }
            None => self.next_in_turn(count),
        };
        self.asked
    }

    fn next_in_turn(&mut self, count: usize) -> Option<usize> {
        let position = (self.next..count).find(|position| Some(*position) != self.explicit)?;
        self.next = position + 1;
        Some(position)
    }
}

/// A scheme's word that an explicit credential is its own.
struct Claim {
    scheme: usize,
    place: CredentialPlace,
    unmistakable: bool,
}

impl Claim {
    /// Weighs one more scheme's word. Two schemes may read the same part of a request, and then the surer one has it; two
    /// parts that are both filled are two credentials.
    fn settle(
        found: Option<Self>,
        scheme: usize,
        presence: Presence,
    ) -> Result<Option<Self>, Denial> {
        let claim = match presence {
            Presence::Absent | Presence::InTurn => return Ok(found),
            Presence::Explicit(place) => Self {
                scheme,
                place,
                unmistakable: false,
            },
            Presence::Unmistakable(place) => Self {
                scheme,
                place,
                unmistakable: true,
            },
        };
        match found {
            None => Ok(Some(claim)),
            Some(before) if !before.place.is_same_part(&claim.place) => {
                Err(Denial::multiple_credentials())
            }
            Some(before) if before.unmistakable || !claim.unmistakable => Ok(Some(before)),
            Some(_) => Ok(Some(claim)),
        }
    }
}

fn has_two_authorizations(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().nth(1).is_some()
}
