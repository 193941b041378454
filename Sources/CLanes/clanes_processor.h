#ifndef CLANES_PROCESSOR_H
#define CLANES_PROCESSOR_H

#include "cprocessor.h"

// Functions with this attribute may only be called where `cprocessor_is_wide` says yes. There is no fused multiplication
// among the instructions: it would round once where the portable code rounds twice.
#define CLANES_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

#endif
