//! The windows of a maintenance as later entries leave them, piece by piece, each with who announced it (D12).
//!
//! The journal is gone through as it was written. An entry that is revoked is, from its revocation on, as if it
//! had never been made; but what that brings back is announced by the revocation, and nothing is ever announced
//! sooner than it was last held: else a stop that has happened could be made planned work afterwards. The price
//! is that each revocation about a maintenance reads its entries again.

use super::revoked;
use crate::{Declaration, Declared, Window};

/// A stretch that one entry announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Which of the maintenance's windows it is of.
    of: usize,
    pub(super) window: Window,
    pub(super) announced_by: u64,
    pub(super) announced_ms: i64,
}

/// What is held in the end, in order. `known` are all entries, also revoked ones, in the journal's order.
pub(super) fn held(maintenance: &Declared, windows: &[Window], known: &[&Declared]) -> Vec<Piece> {
    let mut pieces = announced(maintenance, windows);
    for (place, later) in known.iter().enumerate().filter(|(_, later)| later.entry > maintenance.entry) {
        if is_revocation_about(later, maintenance.entry, known) {
            let now = without_revoked(maintenance, windows, &known[..=place]);
            pieces = now.into_iter().flat_map(|piece| announced_anew(piece, &pieces, later)).collect();
        } else {
            apply(&mut pieces, maintenance.entry, windows, later);
        }
    }
    pieces.sort_by_key(|piece| piece.window);
    pieces
}

/// As the maintenance itself announces them.
fn announced(maintenance: &Declared, windows: &[Window]) -> Vec<Piece> {
    let (announced_by, announced_ms) = (maintenance.entry, maintenance.at_ms);
    let piece = |(of, window): (usize, &Window)| Piece { of, window: *window, announced_by, announced_ms };
    windows.iter().enumerate().map(piece).collect()
}

/// As if what is revoked had never been said.
fn without_revoked(maintenance: &Declared, windows: &[Window], known: &[&Declared]) -> Vec<Piece> {
    let revoked = revoked(known);
    if revoked.contains(&maintenance.entry) {
        return Vec::new();
    }
    let mut pieces = announced(maintenance, windows);
    let standing = known.iter().filter(|later| !revoked.contains(&later.entry));
    for later in standing.filter(|later| later.entry > maintenance.entry) {
        apply(&mut pieces, maintenance.entry, windows, later);
    }
    pieces
}

/// Does it revoke the maintenance, an entry that changes it, or a revocation of such?
fn is_revocation_about(later: &Declared, maintenance: u64, known: &[&Declared]) -> bool {
    let Declaration::Revoked { entry, .. } = &later.declaration else { return false };
    let (mut named, mut by) = (*entry, later.entry);
    while named < by && named != maintenance {
        let Ok(place) = known.binary_search_by_key(&named, |declared| declared.entry) else { return false };
        match &known[place].declaration {
            Declaration::Extended { entry, .. }
            | Declaration::Closed { entry, .. }
            | Declaration::Cancelled { entry, .. } => return *entry == maintenance,
            Declaration::Revoked { entry, .. } => (named, by) = (*entry, named),
            _ => return false,
        }
    }
    named == maintenance
}

/// What a revocation leaves of a piece: announced by the later of who says so now and who had announced it before,
/// or by the revocation where it was not held.
fn announced_anew(piece: Piece, before: &[Piece], revocation: &Declared) -> Vec<Piece> {
    let ends = before.iter().flat_map(|piece| [piece.window.from_ms, piece.window.to_ms]);
    let inner = ends.filter(|at_ms| piece.window.from_ms < *at_ms && *at_ms < piece.window.to_ms);
    let mut cuts: Vec<i64> = inner.chain([piece.window.from_ms, piece.window.to_ms]).collect();
    cuts.sort_unstable();
    let mut parts: Vec<Piece> = Vec::new();
    for window in cuts.windows(2).filter_map(|ends| Window::new(ends[0], ends[1])) {
        let was =
            |before: &&Piece| before.window.from_ms <= window.from_ms && window.from_ms < before.window.to_ms;
        let was = before.iter().filter(was).min_by_key(|before| before.announced_by);
        let (announced_by, announced_ms) = match was {
            Some(was) if was.announced_by > piece.announced_by => (was.announced_by, was.announced_ms),
            Some(_) => (piece.announced_by, piece.announced_ms),
            None => (revocation.entry, revocation.at_ms),
        };
        match parts.last_mut() {
            Some(last) if last.announced_by == announced_by => last.window.to_ms = window.to_ms,
            _ => parts.push(Piece { window, announced_by, announced_ms, ..piece }),
        }
    }
    parts
}

/// What another entry makes of them, if it is about this maintenance.
fn apply(pieces: &mut Vec<Piece>, maintenance: u64, windows: &[Window], later: &Declared) {
    match &later.declaration {
        Declaration::Extended { entry, to_ms, .. } if *entry == maintenance => {
            let Some(of) = windows.iter().rposition(|window| window.from_ms < *to_ms) else { return };
            let end_ms = pieces.iter().filter(|piece| piece.of == of).map(|piece| piece.window.to_ms).max();
            match end_ms.and_then(|end_ms| Window::new(end_ms, *to_ms)) {
                Some(window) => {
                    let (announced_by, announced_ms) = (later.entry, later.at_ms);
                    pieces.push(Piece { of, window, announced_by, announced_ms });
                }
                None => end(pieces, of, *to_ms),
            }
        }
        Declaration::Closed { entry, at_ms, .. } if *entry == maintenance => {
            let within = |piece: &Piece| piece.window.from_ms <= *at_ms && *at_ms < piece.window.to_ms;
            if let Some(of) = pieces.iter().find(|piece| within(piece)).map(|piece| piece.of) {
                end(pieces, of, *at_ms);
            }
        }
        Declaration::Cancelled { entry, .. } if *entry == maintenance => {
            pieces.retain(|piece| windows[piece.of].from_ms <= later.at_ms);
        }
        _ => {}
    }
}

/// A window ends at `at_ms`: what was to come of it does not.
fn end(pieces: &mut Vec<Piece>, of: usize, at_ms: i64) {
    for piece in pieces.iter_mut().filter(|piece| piece.of == of) {
        piece.window.to_ms = piece.window.to_ms.min(at_ms);
    }
    pieces.retain(|piece| piece.window.from_ms < piece.window.to_ms);
}
