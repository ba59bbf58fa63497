//! Maps and sets out of iterators.

/// All `items`, inserted one by one. `collect` would sort them first, by code of its own for each kind of
/// iterator: 4 kB of a Worker each.
pub(crate) fn inserted<C: Default + Extend<T>, T>(items: impl IntoIterator<Item = T>) -> C {
    let mut all = C::default();
    all.extend(items);
    all
}

/// The same where an item may be an error: the first that is one ends it.
pub(crate) fn inserted_unless<C: Default + Extend<T>, T, E>(
    items: impl IntoIterator<Item = Result<T, E>>,
) -> Result<C, E> {
    let mut all = C::default();
    for item in items {
        all.extend([item?]);
    }
    Ok(all)
}
