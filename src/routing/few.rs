//! A list that nearly always has one entry, and then no memory of its own.

use std::ops::Deref;

/// Any number of things; one of them stands where the list stands.
#[derive(Clone, Debug)]
pub enum Few<T> {
    /// Exactly one.
    One(T),
    /// None, or several.
    Many(Box<[T]>),
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(mut list: Vec<T>) -> Few<T> {
        match (list.pop(), list.is_empty()) {
            (Some(only), true) => Few::One(only),
            (last, _) => {
                list.extend(last);
                Few::Many(list.into())
            }
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Few::One(only) => std::slice::from_ref(only),
            Few::Many(list) => list,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_there_in_order() {
        for list in [vec![], vec![1], vec![1, 2], vec![3, 2, 1]] {
            assert_eq!(*Few::from(list.clone()), *list);
        }
    }
}
