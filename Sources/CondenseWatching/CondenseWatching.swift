// Which files changed, told within a moment.
