// A small HTTP server for one machine.
