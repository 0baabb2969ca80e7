use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use portcullis_core::{AuthContext, BoxFuture, DefaultRenderer, Denial, Head, Renderer};
use smallvec::SmallVec;

use super::headers::{Fields, Manner};
use super::rule::Rule;
use crate::{Answer, Decision, LimitKey, LimitRequest, Limiter, LimiterError, Outcome, observe};

/// The rules of a layer, and what they are decided by.
#[derive(Clone)]
pub(super) struct Judge {
    pub(super) limiter: Arc<dyn Limiter>,
    pub(super) rules: Vec<Rule>,
    pub(super) manner: Manner,
    pub(super) renderer: Option<Arc<dyn Renderer>>,
}

/// One rule that applies to a request.
struct Asked {
    rule: usize,
    key: LimitKey,
    cost: u32,
}

/// What was decided, and by which rules.
pub(super) struct Judged<'a> {
    pub(super) decision: &'a Decision,
    /// The positions of the rules.
    rules: &'a [usize],
}

impl Judged<'_> {
    /// Each rule's position with what it said.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = (usize, &Outcome)> {
        self.rules.iter().copied().zip(self.decision.outcomes())
    }
}

/// What becomes of a request.
pub(super) enum Verdict {
    Pass(Option<Box<Fields>>),
    Refuse(Denial, Option<Box<Fields>>),
}

/// How far one gets without waiting.
pub(super) enum Step {
    Decided(Verdict),
    Waiting(BoxFuture<'static, Verdict>),
}

impl Judge {
    /// Judges a request by its head.
    pub(super) fn start(self: &Arc<Self>, request: &Parts) -> Step {
        self.start_or_deny(request)
            .unwrap_or_else(|denial| Step::Decided(Verdict::Refuse(denial, None)))
    }

    /// Judges a request where it stands, if it is held to one plain rule: the common case.
    pub(super) fn start_in_place(self: &Arc<Self>, head: Head<'_>) -> Option<Step> {
        let [rule] = &*self.rules else { return None };
        if !rule.is_plain() {
            return None;
        }
        let mut key = LimitKey::new();
        if let Err(denial) = rule.write_key_by_head(&mut key, head)? {
            return Some(Step::Decided(Verdict::Refuse(denial, None)));
        }
        let request = [LimitRequest::new(&key, rule.quota())];
        Some(match self.limiter.check(&request) {
            Answer::Ready(result) => Step::Decided(self.verdict(&[0], &result)),
            Answer::Pending(answer) => {
                let judge = Arc::clone(self);
                Step::Waiting(Box::pin(async move { judge.verdict(&[0], &answer.await) }))
            }
        })
    }

    fn start_or_deny(self: &Arc<Self>, request: &Parts) -> Result<Step, Denial> {
        let mut enforced: SmallVec<[Asked; 2]> = SmallVec::new();
        let mut shadows = Vec::new();
        for (rule, asked) in self.rules.iter().enumerate() {
            if !asked.applies_to(request) {
                continue;
            }
            let cost = asked.cost_of(request);
            if asked.is_shadow() {
                let mut key = LimitKey::new();
                asked.write_key(&mut key, request)?;
                shadows.push(Asked { rule, key, cost });
                continue;
            }
            // Written where it stays: keys are long.
            enforced.push(Asked {
                rule,
                key: LimitKey::new(),
                cost,
            });
            if let Some(last) = enforced.last_mut() {
                asked.write_key(&mut last.key, request)?;
            }
        }
        let rules: SmallVec<[usize; 2]> = enforced.iter().map(|asked| asked.rule).collect();
        Ok(match self.ask(&enforced) {
            Answer::Ready(result) => {
                let (verdict, waiting) = self.conclude(&rules, &shadows, &result);
                match waiting.is_empty() {
                    true => Step::Decided(verdict),
                    false => Step::Waiting(Box::pin(after(waiting, verdict))),
                }
            }
            Answer::Pending(answer) => {
                let judge = Arc::clone(self);
                Step::Waiting(Box::pin(async move {
                    let result = answer.await;
                    let (verdict, waiting) = judge.conclude(&rules, &shadows, &result);
                    after(waiting, verdict).await
                }))
            }
        })
    }

    fn ask(&self, asked: &[Asked]) -> Answer<Decision> {
        match asked {
            [] => Answer::Ready(Ok(Decision::new([]))),
            [alone] => self.limiter.check(&[self.request(alone)]),
            several => {
                let requests: SmallVec<[LimitRequest<'_>; 4]> =
                    several.iter().map(|asked| self.request(asked)).collect();
                self.limiter.check(&requests)
            }
        }
    }

    fn request<'a>(&'a self, asked: &'a Asked) -> LimitRequest<'a> {
        LimitRequest {
            key: &asked.key,
            quota: self.rules[asked.rule].quota(),
            cost: asked.cost,
        }
    }

    /// The verdict, and what is still to be awaited for the shadows' sake.
    fn conclude(
        self: &Arc<Self>,
        rules: &[usize],
        shadows: &[Asked],
        result: &Result<Decision, LimiterError>,
    ) -> (Verdict, Vec<BoxFuture<'static, ()>>) {
        let verdict = self.verdict(rules, result);
        let waiting = match verdict {
            Verdict::Pass(_) => self.ask_shadows(shadows),
            Verdict::Refuse(..) => Vec::new(),
        };
        (verdict, waiting)
    }

    fn verdict(&self, rules: &[usize], result: &Result<Decision, LimiterError>) -> Verdict {
        match result {
            Ok(decision) => self.decided(&Judged { decision, rules }),
            Err(error) => self.undecided(rules, error),
        }
    }

    fn decided(&self, judged: &Judged<'_>) -> Verdict {
        for (rule, outcome) in judged.outcomes() {
            observe::decided(&self.rules[rule], outcome, judged.decision.is_allowed());
        }
        let fields = self.manner.fields(judged);
        match judged.decision.is_allowed() {
            true => Verdict::Pass(fields),
            false => Verdict::Refuse(self.denial(judged), fields),
        }
    }

    fn denial(&self, judged: &Judged<'_>) -> Denial {
        let denial = Denial::rate_limited(judged.decision.retry_after());
        let refused = judged
            .outcomes()
            .filter(|(_, outcome)| !outcome.is_allowed());
        refused.fold(denial, |denial, (rule, _)| {
            denial.with_reason(self.rules[rule].quota().named_as().clone())
        })
    }

    /// The limiter could not decide: closed, unless every rule that asked is to fail open.
    fn undecided(&self, asked: &[usize], error: &LimiterError) -> Verdict {
        let rules = asked.iter().map(|&rule| &self.rules[rule]);
        rules.clone().for_each(|rule| observe::failed(rule, error));
        match rules.clone().all(Rule::fails_open) {
            true => Verdict::Pass(None),
            false => Verdict::Refuse(Denial::unavailable(), None),
        }
    }

    fn ask_shadows(self: &Arc<Self>, shadows: &[Asked]) -> Vec<BoxFuture<'static, ()>> {
        let mut waiting: Vec<BoxFuture<'static, ()>> = Vec::new();
        for asked in shadows {
            let rule = asked.rule;
            match self.ask(std::slice::from_ref(asked)) {
                Answer::Ready(result) => self.saw_shadow(rule, &result),
                Answer::Pending(answer) => {
                    let judge = Arc::clone(self);
                    waiting.push(Box::pin(async move {
                        judge.saw_shadow(rule, &answer.await);
                    }));
                }
            }
        }
        waiting
    }

    fn saw_shadow(&self, rule: usize, result: &Result<Decision, LimiterError>) {
        match result {
            Ok(decision) => decision
                .outcomes()
                .iter()
                .for_each(|outcome| observe::decided(&self.rules[rule], outcome, true)),
            Err(error) => observe::failed(&self.rules[rule], error),
        }
    }

    /// Renders as this layer was told, or as the `AuthnLayer` outside was.
    pub(super) fn refuse(
        &self,
        denial: Denial,
        fields: Option<Box<Fields>>,
        request: &Parts,
    ) -> Response<Bytes> {
        let outside = request.extensions.get::<AuthContext>();
        let renderer = match (&self.renderer, outside) {
            (Some(renderer), _) => &**renderer,
            (None, Some(context)) => context.renderer(),
            (None, None) => &DefaultRenderer,
        };
        let mut response = renderer.refuse(denial, request);
        if let Some(fields) = fields {
            fields.write_to(response.headers_mut());
        }
        response
    }
}

async fn after(shadows: Vec<BoxFuture<'static, ()>>, verdict: Verdict) -> Verdict {
    for shadow in shadows {
        shadow.await;
    }
    verdict
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge")
            .field("limiter", &self.limiter)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
