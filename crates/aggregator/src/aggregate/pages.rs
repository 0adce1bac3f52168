//! Memory for a large table: zeroed, in large pages where the system has them, given back when dropped.

use std::marker::PhantomData;

use bytemuck::Pod;
use memmap2::{Advice, MmapMut};

/// Below this much memory large pages are of no use.
const LARGE: usize = 2 << 20;

/// So many elements, all zero at first.
#[derive(Debug)]
pub(super) struct Pages<T> {
    /// `None` for no elements, and where the system gives no pages: then `heap` has them.
    pages: Option<MmapMut>,
    heap: Vec<T>,
    length: usize,
    element: PhantomData<T>,
}

impl<T: Pod> Pages<T> {
    pub(super) fn new(length: usize) -> Self {
        let bytes = length * size_of::<T>();
        let pages = Some(bytes)
            .filter(|bytes| *bytes >= LARGE)
            .and_then(|bytes| MmapMut::map_anon(bytes).ok());
        #[cfg(target_os = "linux")]
        if let Some(pages) = &pages {
            // Where it is refused, small pages do.
            pages.advise(Advice::HugePage).ok();
        }
        let heap = if pages.is_some() {
            Vec::new()
        } else {
            vec![T::zeroed(); length]
        };
        Pages {
            pages,
            heap,
            length,
            element: PhantomData,
        }
    }

    #[inline]
    pub(super) fn get(&self) -> &[T] {
        match &self.pages {
            Some(pages) => &bytemuck::cast_slice(&pages[..self.length * size_of::<T>()])[..self.length],
            None => &self.heap,
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self) -> &mut [T] {
        match &mut self.pages {
            Some(pages) => bytemuck::cast_slice_mut(&mut pages[..self.length * size_of::<T>()]),
            None => &mut self.heap,
        }
    }
}
