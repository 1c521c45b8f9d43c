#include "textflag.h"

// Eight SipHash-2-4 at a time, in two halves of four lanes each: A in Y0 to Y3, B in
// Y4 to Y7. The halves do not wait for each other, which fills the time that the
// instructions of one of them take until their result is there.

// turn16 turns each lane left by 16 bits, as VPSHUFB does it.
DATA turn16<>+0(SB)/8, $0x0504030201000706
DATA turn16<>+8(SB)/8, $0x0d0c0b0a09080f0e
DATA turn16<>+16(SB)/8, $0x0504030201000706
DATA turn16<>+24(SB)/8, $0x0d0c0b0a09080f0e
GLOBL turn16<>(SB), RODATA|NOPTR, $32

DATA last<>+0(SB)/8, $0xff
GLOBL last<>(SB), RODATA|NOPTR, $8

// TURN turns the lanes of a and b left by n bits.
#define TURN(n, a, b) \
	VPSLLQ $n, a, Y11; \
	VPSLLQ $n, b, Y12; \
	VPSRLQ $(64-n), a, a; \
	VPSRLQ $(64-n), b, b; \
	VPOR   Y11, a, a; \
	VPOR   Y12, b, b

// ROUND is one round of both halves. Y8 is turn16.
#define ROUND \
	VPADDQ  Y1, Y0, Y0; \
	VPADDQ  Y5, Y4, Y4; \
	VPADDQ  Y3, Y2, Y2; \
	VPADDQ  Y7, Y6, Y6; \
	TURN(13, Y1, Y5); \
	VPSHUFB Y8, Y3, Y3; \
	VPSHUFB Y8, Y7, Y7; \
	VPXOR   Y0, Y1, Y1; \
	VPXOR   Y4, Y5, Y5; \
	VPXOR   Y2, Y3, Y3; \
	VPXOR   Y6, Y7, Y7; \
	VPSHUFD $0xb1, Y0, Y0; \
	VPSHUFD $0xb1, Y4, Y4; \
	VPADDQ  Y1, Y2, Y2; \
	VPADDQ  Y5, Y6, Y6; \
	VPADDQ  Y3, Y0, Y0; \
	VPADDQ  Y7, Y4, Y4; \
	TURN(17, Y1, Y5); \
	TURN(21, Y3, Y7); \
	VPXOR   Y2, Y1, Y1; \
	VPXOR   Y6, Y5, Y5; \
	VPXOR   Y0, Y3, Y3; \
	VPXOR   Y4, Y7, Y7; \
	VPSHUFD $0xb1, Y2, Y2; \
	VPSHUFD $0xb1, Y6, Y6

// func sipEights(out, words []uint64, n int, k *sipKey)
TEXT ·sipEights(SB), NOSPLIT, $0-64
	MOVQ         out_base+0(FP), DI
	MOVQ         out_len+8(FP), CX
	MOVQ         words_base+24(FP), SI
	MOVQ         n+48(FP), DX
	MOVQ         k+56(FP), BX
	SHRQ         $3, CX
	JZ           done
	VMOVDQU      turn16<>(SB), Y8
	VPBROADCASTQ last<>(SB), Y13

eight:
	VPBROADCASTQ 0(BX), Y0
	VPBROADCASTQ 8(BX), Y1
	VPBROADCASTQ 16(BX), Y2
	VPBROADCASTQ 24(BX), Y3
	VMOVDQA      Y0, Y4
	VMOVDQA      Y1, Y5
	VMOVDQA      Y2, Y6
	VMOVDQA      Y3, Y7
	MOVQ         DX, AX

word:
	VMOVDQU 0(SI), Y9
	VMOVDQU 32(SI), Y10
	ADDQ    $64, SI
	VPXOR   Y9, Y3, Y3
	VPXOR   Y10, Y7, Y7
	ROUND
	ROUND
	VPXOR   Y9, Y0, Y0
	VPXOR   Y10, Y4, Y4
	DECQ    AX
	JNZ     word

	VPXOR   Y13, Y2, Y2
	VPXOR   Y13, Y6, Y6
	ROUND
	ROUND
	ROUND
	ROUND
	VPXOR   Y1, Y0, Y0
	VPXOR   Y5, Y4, Y4
	VPXOR   Y3, Y2, Y2
	VPXOR   Y7, Y6, Y6
	VPXOR   Y2, Y0, Y0
	VPXOR   Y6, Y4, Y4
	VMOVDQU Y0, 0(DI)
	VMOVDQU Y4, 32(DI)
	ADDQ    $64, DI
	DECQ    CX
	JNZ     eight

done:
	VZEROUPPER
	RET
