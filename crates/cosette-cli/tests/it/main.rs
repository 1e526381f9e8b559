//! The real program: its standard output, its standard error, its exit code.

mod access;
mod class;
mod conditions;
mod config;
mod copy;
mod demo;
mod files;
mod joining;
mod listing;
mod metadata;
mod moving;
mod multipart;
mod network;
mod results;
mod slices;
mod usage;
mod world;
