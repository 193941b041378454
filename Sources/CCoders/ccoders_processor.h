#ifndef CCODERS_PROCESSOR_H
#define CCODERS_PROCESSOR_H

#include "cprocessor.h"

// Functions with this attribute may only be called where `cprocessor_is_wide` says yes. An inlined body without it is
// compiled for either.
#if defined(__x86_64__)
#define CCODERS_WIDE __attribute__((target("bmi,bmi2")))
#else
#define CCODERS_WIDE
#endif

#endif
