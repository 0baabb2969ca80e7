//! Which scheme decides a request, and what it says.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Extensions, HeaderValue, Response, StatusCode};

use super::rerender::Rerender;
use crate::context::Manner;
use crate::render::refuse;
use crate::{
    Attempt, AuthContext, BoxFuture, CredentialPlace, Denial, Head, Identified, Presence, Scheme,
    UserIdInLogs, observe,
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

/// A request as schemes are shown it.
pub(super) trait Shown {
    /// Why a scheme could not be asked.
    type Unasked;

    fn presence(&self, scheme: &dyn Scheme) -> Result<Presence, Self::Unasked>;

    fn authenticate(&self, scheme: &dyn Scheme) -> Result<Attempt, Self::Unasked>;
}

/// A scheme must see the request's parts.
pub(super) struct MustSeeParts;

impl Shown for Head<'_> {
    type Unasked = MustSeeParts;

    fn presence(&self, scheme: &dyn Scheme) -> Result<Presence, MustSeeParts> {
        scheme.presence_of_head(*self).ok_or(MustSeeParts)
    }

    fn authenticate(&self, scheme: &dyn Scheme) -> Result<Attempt, MustSeeParts> {
        scheme.authenticate_head(*self).ok_or(MustSeeParts)
    }
}

impl Shown for &Parts {
    type Unasked = Infallible;

    fn presence(&self, scheme: &dyn Scheme) -> Result<Presence, Infallible> {
        Ok(scheme.presence(self))
    }

    fn authenticate(&self, scheme: &dyn Scheme) -> Result<Attempt, Infallible> {
        Ok(scheme.authenticate(self))
    }
}

impl Identify {
    /// Asks until a scheme decides or must wait. Where one must see the request's parts, `cursor` says how far this came, for
    /// [`go_on`](Self::go_on): no scheme is asked twice.
    pub(super) fn start(
        &self,
        head: Head<'_>,
        cursor: &mut Option<Cursor>,
    ) -> Result<Step, MustSeeParts> {
        match head.with_authorization() {
            Ok(head) => self.ask_from(cursor, &head),
            Err(denial) => Ok(Step::Decided(Cursor::new(None), Err(denial))),
        }
    }

    /// Goes on from where [`start`](Self::start) came to.
    pub(super) fn go_on(&self, mut cursor: Option<Cursor>, request: &Parts) -> Step {
        let Ok(step) = self.ask_from(&mut cursor, &request);
        step
    }

    /// Goes on after a scheme that had to wait.
    pub(super) fn resume(&self, cursor: Cursor, result: Identified, request: &Parts) -> Step {
        match result {
            Ok(None) => self.go_on(Some(cursor), request),
            decided => Step::Decided(cursor, decided),
        }
    }

    fn ask_from<R: Shown>(
        &self,
        cursor: &mut Option<Cursor>,
        request: &R,
    ) -> Result<Step, R::Unasked> {
        let cursor = match cursor {
            Some(cursor) => cursor,
            None => match self.explicit(request)? {
                Ok(explicit) => cursor.insert(Cursor::new(explicit)),
                Err(denial) => return Ok(Step::Decided(Cursor::new(None), Err(denial))),
            },
        };
        self.ask(cursor, request)
    }

    fn ask<R: Shown>(&self, cursor: &mut Cursor, request: &R) -> Result<Step, R::Unasked> {
        loop {
            let before = *cursor;
            let Some(position) = cursor.advance(self.schemes.len()) else {
                return Ok(Step::Decided(*cursor, Ok(None)));
            };
            match request.authenticate(&*self.schemes[position]) {
                Ok(Attempt::Absent) => {}
                Ok(Attempt::Ready(result)) => return Ok(Step::Decided(*cursor, result.map(Some))),
                Ok(Attempt::Pending(future)) => return Ok(Step::Waiting(*cursor, future)),
                Err(unasked) => {
                    *cursor = before;
                    return Err(unasked);
                }
            }
        }
    }

    /// Which scheme the one explicit credential is for, if there is one.
    fn explicit<R: Shown>(&self, request: &R) -> Result<Result<Option<usize>, Denial>, R::Unasked> {
        let mut found: Option<Claim> = None;
        if self.schemes.len() > 1 {
            for (position, scheme) in self.schemes.iter().enumerate() {
                let presence = request.presence(&**scheme)?;
                found = match Claim::settle(found, position, presence) {
                    Ok(found) => found,
                    Err(denial) => return Ok(Err(denial)),
                };
            }
        }
        Ok(Ok(found.map(|claim| claim.scheme)))
    }

    /// Writes who is calling into the request, or says why not.
    pub(super) fn admit(
        &self,
        identified: Identified,
        extensions: &mut Extensions,
    ) -> Result<(), Refused> {
        match identified {
            Err(denial) => Err(Refused::Credential(denial)),
            Ok(None) if self.required => Err(Refused::Nobody),
            Ok(user) => {
                observe::identified(user.as_ref(), &self.user_id_in_logs);
                AuthContext::with_manner(user, Arc::clone(&self.manner)).insert_into(extensions);
                Ok(())
            }
        }
    }

    /// The response to a request that was not admitted.
    pub(super) fn refuse(
        &self,
        cursor: Cursor,
        refused: Refused,
        request: &Parts,
    ) -> Response<Bytes> {
        match refused {
            Refused::Credential(denial) => self.refuse_credential(cursor, denial, request),
            Refused::Nobody => {
                let denial = Denial::unauthenticated();
                observe::missing(&denial);
                self.render(denial, request)
            }
        }
    }

    /// What is to be done about denials that the handler may return.
    pub(super) fn rerender(&self, request: Head<'_>) -> Option<Box<Rerender>> {
        Rerender::new(&self.manner, request)
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

/// Why a request goes no further.
pub(super) enum Refused {
    /// By what the scheme said of its credential.
    Credential(Denial),
    /// It has none, and one is required.
    Nobody,
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
