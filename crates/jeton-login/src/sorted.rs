//! Lists in an order, and sets out of iterators.
//!
//! Each call of `sort_by_key`, and each `collect` into a set or map, has code of its own to sort: 4 kB of a Worker.

/// `items` by their keys, the least first; of equal ones the earlier.
pub(crate) fn sorted_by_key<T>(items: Vec<T>, key: impl Fn(&T) -> u64) -> Vec<T> {
    let keys = items.iter().map(key).zip(0..);
    let mut order: Vec<(u64, usize)> = keys.collect();
    order.sort_unstable();
    let mut items: Vec<_> = items.into_iter().map(Some).collect();
    let in_order = order.into_iter();
    let in_order = in_order.filter_map(|(_, place)| items.get_mut(place)?.take());
    in_order.collect()
}

/// All `items`, inserted one by one.
pub(crate) fn inserted<C: Default + Extend<T>, T>(items: impl IntoIterator<Item = T>) -> C {
    let mut all = C::default();
    all.extend(items);
    all
}

#[cfg(test)]
mod tests {
    use super::sorted_by_key;

    #[test]
    fn equal_ones_keep_their_order() {
        let items = vec![
            (2, 'a'),
            (1, 'b'),
            (2, 'c'),
            (u64::MAX, 'd'),
            (0, 'e'),
            (1, 'f'),
        ];
        let sorted = sorted_by_key(items, |(key, _)| *key);
        let letters: String = sorted.into_iter().map(|(_, letter)| letter).collect();
        assert_eq!(letters, "ebfacd");
    }
}
