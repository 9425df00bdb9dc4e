//! The year: what every check said at every minute, and what follows from it by counting.

/// 2025-01-01 00:00 in Rome.
pub(crate) const START_MS: i64 = 1_735_686_000_000;
pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const MINUTES: usize = 365 * 24 * 60;
/// Like targets of a service.
pub(crate) const MEMBERS: usize = 4;
pub(crate) const AGENTS: usize = 8;

/// What a check said in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Nothing,
    Ok,
    Fail,
}

/// Milliseconds of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counted {
    pub(crate) up: u64,
    pub(crate) down: u64,
    pub(crate) unknown: u64,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) said: Vec<Vec<Said>>,
}

impl World {
    /// About 220 changes a check, outages that a service's checks share, and stretches in which a check was not asked.
    pub(crate) fn of(checks: usize) -> Self {
        assert!(checks > 0 && checks.is_multiple_of(AGENTS), "a multiple of {AGENTS} checks");
        let mut said = vec![vec![Said::Ok; MINUTES]; checks];
        for (check, said) in said.iter_mut().enumerate() {
            let mut noise = Noise(check as u64 + 1);
            for _ in 0..100 {
                outage(said, noise.below(MINUTES), 2 + noise.below(12), Said::Fail);
            }
            let mut shared = Noise(1_000_000 + (check / MEMBERS) as u64);
            for _ in 0..10 {
                outage(said, shared.below(MINUTES), 2 + shared.below(600), Said::Fail);
            }
        }
        for (check, said) in said.iter_mut().enumerate() {
            let mut away = Noise(2_000_000 + check as u64);
            for _ in 0..6 {
                outage(said, away.below(MINUTES), 30 + away.below(600), Said::Nothing);
            }
        }
        Self { said }
    }

    pub(crate) fn checks(&self) -> usize {
        self.said.len()
    }

    pub(crate) fn services(&self) -> usize {
        self.checks().div_ceil(MEMBERS)
    }

    pub(crate) fn samples(&self) -> usize {
        self.said.iter().flatten().filter(|said| **said != Said::Nothing).count()
    }

    /// The checks of a service.
    pub(crate) fn members(&self, service: usize) -> std::ops::Range<usize> {
        service * MEMBERS..((service + 1) * MEMBERS).min(self.checks())
    }

    /// How many of a service's checks must be up: all of every other one, else two.
    pub(crate) fn need(&self, service: usize) -> usize {
        if service.is_multiple_of(2) { self.members(service).len() } else { 2 }
    }

    /// Who measures a check: one agent all of a service's.
    pub(crate) fn agent(check: usize) -> usize {
        check / MEMBERS % AGENTS
    }

    /// A service as we define it: two fails make down from the first, a sample speaks for 150 s, and what is not
    /// known matters where it decides. Counted in half minutes, which is how fine that is.
    pub(crate) fn defined(&self, checks: std::ops::Range<usize>, need: usize) -> Counted {
        let confirmed: Vec<Vec<Said>> = checks.map(|check| confirmed(&self.said[check])).collect();
        let mut counted = Counted::default();
        for half in 0..2 * MINUTES {
            let (mut up, mut unknown) = (0, 0);
            for said in &confirmed {
                let spoken = (0..=half / 2).rev().take_while(|minute| half - 2 * minute < 5);
                match spoken.map(|minute| said[minute]).find(|said| *said != Said::Nothing) {
                    Some(Said::Ok) => up += 1,
                    Some(_) => {}
                    None => unknown += 1,
                }
            }
            match () {
                () if up >= need => counted.up += 30_000,
                () if up + unknown < need => counted.down += 30_000,
                () => counted.unknown += 30_000,
            }
        }
        counted
    }

    /// A check as peers define it: samples that say up, of all samples.
    pub(crate) fn share(&self, check: usize) -> f64 {
        let count = |word| self.said[check].iter().filter(|said| **said == word).count();
        share(count(Said::Ok), count(Said::Ok) + count(Said::Fail))
    }

    /// A service by the minutes in which its checks' samples decide.
    pub(crate) fn quorum_share(&self, service: usize) -> f64 {
        let (members, need) = (self.members(service), self.need(service));
        let (mut ups, mut known) = (0, 0);
        for minute in 0..MINUTES {
            let count = |word| members.clone().filter(|check| self.said[*check][minute] == word).count();
            let (up, nothing) = (count(Said::Ok), count(Said::Nothing));
            ups += usize::from(up >= need);
            known += usize::from(up >= need || up + nothing < need);
        }
        share(ups, known)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a peer's figure is a float as well")]
fn share(part: usize, of: usize) -> f64 {
    part as f64 / of as f64
}

fn outage(said: &mut [Said], from: usize, minutes: usize, word: Said) {
    // Both ends of the year are seen, so that no figure depends on what was before or came after.
    let (from, to) = (from.max(10), (from + minutes).min(MINUTES - 10));
    if from < to {
        said[from..to].fill(word);
    }
}

/// A single fail between oks is not confirmed.
fn confirmed(said: &[Said]) -> Vec<Said> {
    let mut confirmed = said.to_vec();
    let spoken: Vec<usize> = (0..said.len()).filter(|minute| said[*minute] != Said::Nothing).collect();
    for streak in spoken.chunk_by(|one, other| said[*one] == said[*other]) {
        if streak.len() == 1 && said[streak[0]] == Said::Fail {
            confirmed[streak[0]] = Said::Ok;
        }
    }
    confirmed
}

/// Numerical Recipes' generator: the same in every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}
