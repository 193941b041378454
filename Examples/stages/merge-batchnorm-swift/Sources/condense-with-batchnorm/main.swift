import CondenseCommands
import CondenseStages
import MergeBatchNorm

CondenseProgram.run(stages: StageRegistry(StageRegistry.builtIn.stages + [MergeBatchNormStage()]))
