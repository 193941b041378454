import CondenseCommands

CondenseProgram.run()
