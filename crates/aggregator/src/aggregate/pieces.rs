//! Elements in the order in which they came, in pieces of memory that stay where they are: the first alone moves, while it is
//! small.

use bytemuck::Pod;
use prefetch_index::prefetch_index;

use super::pages::Pages;

/// How many elements a piece has: enough for large pages.
const PIECE: usize = 1 << 16;

/// How many the first one begins with. Both are powers of two.
const LEAST: usize = 1 << 10;

/// A list that grows without a copy of all that it holds.
#[derive(Debug)]
pub(super) struct Pieces<T> {
    pieces: Vec<Pages<T>>,
    length: usize,
}

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Pieces {
            pieces: Vec::new(),
            length: 0,
        }
    }
}

impl<T: Pod> Pieces<T> {
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Adds one at the end.
    #[inline]
    pub(super) fn push(&mut self, element: T) {
        let (piece, at) = place(self.length);
        if self.pieces.get(piece).is_none_or(|piece| at == piece.get().len()) {
            self.grow(piece);
        }
        self.pieces[piece].get_mut()[at] = element;
        self.length += 1;
    }

    #[cold]
    fn grow(&mut self, piece: usize) {
        if piece > 0 {
            return self.pieces.push(Pages::new(PIECE));
        }
        let mut first = Pages::new((2 * self.length).max(LEAST));
        if let Some(smaller) = self.pieces.pop() {
            first.get_mut()[..self.length].copy_from_slice(smaller.get());
        }
        self.pieces.push(first);
    }

    #[inline(always)]
    pub(super) fn get(&self, at: usize) -> &T {
        let (piece, at) = place(at);
        &self.pieces[piece].get()[at]
    }

    /// Has the memory of an element brought near, if there is one.
    #[inline(always)]
    pub(super) fn fetch(&self, at: usize) {
        let (piece, at) = place(at);
        if let Some(piece) = self.pieces.get(piece) {
            prefetch_index(piece.get(), at);
        }
    }

    #[inline(always)]
    pub(super) fn get_mut(&mut self, at: usize) -> &mut T {
        let (piece, at) = place(at);
        &mut self.pieces[piece].get_mut()[at]
    }

    /// All, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let all = self.pieces.iter().flat_map(|piece| piece.get());
        all.take(self.length)
    }
}

/// In which piece an element is, and where in it.
#[inline(always)]
fn place(at: usize) -> (usize, usize) {
    (at / PIECE, at % PIECE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_found_where_it_was() {
        let mut pieces = Pieces::default();
        let count = 150_000_u32;
        (0..count).for_each(|number| pieces.push(number));
        assert!(pieces.iter().copied().eq(0..count));
        for at in 0..count {
            *pieces.get_mut(at as usize) += 1;
        }
        assert!((0..count).all(|at| *pieces.get(at as usize) == at + 1));
        assert_eq!((pieces.len(), pieces.pieces.len()), (count as usize, 3));
    }
}
