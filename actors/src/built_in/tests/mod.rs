//! Built-in workers with a real queue on a real database.

mod actions;
mod env;
mod simple;
