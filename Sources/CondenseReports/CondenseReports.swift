// What a build came to, as people and programs read it.
