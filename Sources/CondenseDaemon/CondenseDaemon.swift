// Serves a workspace: watches, builds, answers.
