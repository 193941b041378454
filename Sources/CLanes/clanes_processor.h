#ifndef CLANES_PROCESSOR_H
#define CLANES_PROCESSOR_H

// Functions with this attribute may only be called where `clanes_has_avx2` says yes. There is no fused multiplication among
// the instructions: it would round once where the portable code rounds twice.
#define CLANES_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

// Whether this processor, and the system, have AVX2, BMI, BMI2 and POPCNT.
int clanes_has_avx2(void);

#endif
