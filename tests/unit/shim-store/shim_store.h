/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel as src/store needs, for one thread in user space. Memory can be
 * made to run out: shim_fail counts down to the allocations that fail. Somebody else can
 * come in the middle of one: shim_meanwhile.
 */
#ifndef SHIM_STORE_H
#define SHIM_STORE_H

#include <assert.h>
#include <errno.h>
#include <linux/kernel.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

/* Compiler and types */
#define __init
#define __ro_after_init
#define __read_mostly
#define ____cacheline_aligned_in_smp
#define __rcu
#define __acquires(x)
#define __releases(x)
#define __acquire(x) ((void)0)
#define __release(x) ((void)0)
#undef likely
#undef unlikely
#define likely(x) (x)
#define unlikely(x) (x)
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define smp_load_acquire(p) (*(p))
#define smp_store_release(p, v) (*(p) = (v))
#define smp_rmb()
#define cpu_relax() abort() /* one thread: nobody else would give the lock back */
#define cond_resched() ((void)shim_scheduled++)
#define pr_warn_ratelimited(...) ((void)0)
#define preempt_disable()
#define preempt_enable()
#define WARN_ON_ONCE(x) assert(!(x))
#define pr_warn_ratelimited(...) ((void)0)
#define S64_MAX INT64_MAX
#define BIT_ULL(nr) (1ULL << (nr))
#define SZ_1M 0x100000
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define struct_size(p, member, n) (sizeof(*(p)) + sizeof((p)->member[0]) * (n))
#define DIV_ROUND_UP_ULL(a, b) (((a) + (b) - 1) / (b))
#define round_down(x, y) ((x) & ~((__typeof__(x))(y) - 1))
#define ilog2(x) (63 - __builtin_clzll(x))
#define IS_ERR(p) ((unsigned long)(p) >= -4095UL)
#define ERR_PTR(e) ((void *)(long)(e))
#define PTR_ERR(p) ((long)(p))

/* Pages: an address is all there is of them. */
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#define offset_in_page(p) ((unsigned long)(p) & (PAGE_SIZE - 1))
struct rcu_head {
	long unused;
};

struct page {
	struct rcu_head rcu_head;
	char bytes[4096] __attribute__((aligned(16)));
};

typedef unsigned int gfp_t;
#define GFP_KERNEL 1
#define GFP_NOIO 1
#define GFP_NOWAIT 0
#define __GFP_NOWARN 0
#define __GFP_ZERO 0x10

extern long shim_fail;	/* this many allocations succeed; negative: all */
extern long shim_held;	/* allocations that were not freed */
extern void (*shim_meanwhile)(void);	/* called once, inside an allocation */
extern long shim_wait;	/* before that, so many allocations */
extern long shim_scheduled;	/* counts cond_resched() */

static inline void *shim_alloc(size_t size, gfp_t gfp)
{
	void (*meanwhile)(void) = shim_meanwhile;

	if (meanwhile && !shim_wait--) {
		shim_meanwhile = NULL;
		meanwhile();
	}
	if (!shim_fail)
		return NULL;
	if (shim_fail > 0)
		shim_fail--;
	shim_held++;
	if (gfp & __GFP_ZERO)
		return calloc(1, size);
	/* Nothing that anybody could take for what he wrote there */
	return memset(malloc(size), 0x5a, size);
}

static inline void shim_free(void *p)
{
	shim_held -= !!p;
	free(p);
}

#define kzalloc(size, gfp) shim_alloc(size, (gfp) | __GFP_ZERO)
#define kmalloc(size, gfp) shim_alloc(size, gfp)
#define kvzalloc(size, gfp) shim_alloc(size, (gfp) | __GFP_ZERO)
#define kvmalloc_array(n, size, gfp) shim_alloc((n) * (size), gfp)
#define kfree(p) shim_free(p)
#define kvfree(p) shim_free(p)
#define alloc_pages_node(node, gfp, order) ((struct page *)shim_alloc(sizeof(struct page), gfp))
#define page_address(page) ((void *)(page)->bytes)
#define virt_to_page(p) container_of((char (*)[4096])(p), struct page, bytes)
#define __free_page(page) shim_free(page)
#define copy_page(to, from) memcpy(to, from, PAGE_SIZE)
#define clear_page(p) memset(p, 0, PAGE_SIZE)

static inline unsigned long get_zeroed_page(gfp_t gfp)
{
	struct page *page = shim_alloc(sizeof(*page), gfp | __GFP_ZERO);

	return page ? (unsigned long)page->bytes : 0;
}

#define __get_free_page(gfp) get_zeroed_page(gfp)
#define free_page(p) shim_free(virt_to_page((void *)(p)))

/* RCU: one thread, so every grace period is over. */
#define rcu_read_lock()
#define rcu_read_unlock()
#define rcu_dereference(p) (p)
#define rcu_dereference_protected(p, c) (p)
#define rcu_access_pointer(p) (p)
#define rcu_assign_pointer(p, v) ((p) = (v))
#define unrcu_pointer(p) (p)
#define RCU_INITIALIZER(p) (p)
#define RCU_LOCKDEP_WARN(c, s)
#define call_rcu(head, func) (func)(head)

/* Atomics */
typedef struct { long counter; } atomic_long_t;
typedef struct { s64 counter; } atomic64_t;
#define atomic_long_read(a) ((a)->counter)
#define atomic_long_inc(a) ((void)(a)->counter++)
#define atomic_long_dec(a) ((void)(a)->counter--)
#define atomic_long_add(n, a) ((void)((a)->counter += (n)))
#define atomic_long_sub(n, a) ((void)((a)->counter -= (n)))
#define atomic64_read(a) ((a)->counter)
#define atomic64_set(a, v) ((a)->counter = (v))
#define atomic64_inc_return(a) (++(a)->counter)
#define shim_xchg(p, v) ({ __auto_type _o = *(p); *(p) = (v); _o; })
#define xchg(p, v) shim_xchg(p, v)
#define cmpxchg(p, o, n) ({ __auto_type _c = *(p); if (_c == (o)) *(p) = (n); _c; })
#define try_cmpxchg(p, o, n) (*(p) == *(o) ? (*(p) = (n), true) : (*(o) = *(p), false))
#define atomic_long_try_cmpxchg(a, o, n) try_cmpxchg(&(a)->counter, o, n)
typedef struct { int refs; } refcount_t;
#define refcount_set(r, n) ((r)->refs = (n))
#define refcount_dec_and_test(r) (!--(r)->refs)

/* Locks: one thread, which must not take one twice. */
typedef struct { int held; } spinlock_t;
#define spin_lock_init(l) ((l)->held = 0)
#define spin_lock(l) assert(!(l)->held++)
#define spin_unlock(l) assert(!--(l)->held)
#define mutex shim_mutex
struct shim_mutex { int held; };
#define mutex_init(l) ((l)->held = 0)
#define mutex_destroy(l) assert(!(l)->held)
#define mutex_lock(l) assert(!(l)->held++)
#define mutex_unlock(l) assert(!--(l)->held)

/* Bitmaps of one word; hashing */
#define DECLARE_BITMAP(name, bits) unsigned long name[((bits) + 63) / 64]
#define bitmap_zero(b, n) memset(b, 0, sizeof(unsigned long))
#define bitmap_set(b, from, n) ((void)((b)[0] |= ((1UL << (n)) - 1) << (from)))
#define bitmap_andnot(to, a, c, n) ((void)((to)[0] = (a)[0] & ~(c)[0]))
#define test_bit(bit, b) (!!((b)[0] & 1UL << (bit)))
#define find_first_bit(b, n) ((b)[0] ? (u32)__builtin_ctzl((b)[0]) : (u32)(n))
#define hash_64(x, bits) ((u32)(((u64)(x) * 0x61c8864680b583ebULL) >> (64 - (bits))))

/* Lists */
struct list_head { struct list_head *next, *prev; };
#define LIST_HEAD(name) struct list_head name = { &(name), &(name) }
#define INIT_LIST_HEAD(l) ((l)->next = (l)->prev = (l))
static inline void list_del(struct list_head *e)
{
	e->next->prev = e->prev;
	e->prev->next = e->next;
}

static inline void list_add_tail(struct list_head *e, struct list_head *l)
{
	e->prev = l->prev;
	e->next = l;
	l->prev->next = e;
	l->prev = e;
}

static inline void list_move_tail(struct list_head *e, struct list_head *l)
{
	list_del(e);
	list_add_tail(e, l);
}

static inline void list_splice_init(struct list_head *from, struct list_head *to)
{
	struct list_head *e;

	for (e = from->prev; e != from; e = from->prev) {
		list_del(e);
		e->next = to->next;
		e->prev = to;
		to->next->prev = e;
		to->next = e;
	}
}

#define list_entry(p, type, member) container_of(p, type, member)
#define list_for_each_entry(p, l, m)					\
	for (p = list_entry((l)->next, __typeof__(*p), m); &p->m != (l);	\
	     p = list_entry(p->m.next, __typeof__(*p), m))
#define list_for_each_entry_safe(p, n, l, m)				\
	for (p = list_entry((l)->next, __typeof__(*p), m),		\
	     n = list_entry(p->m.next, __typeof__(*p), m); &p->m != (l);	\
	     p = n, n = list_entry(n->m.next, __typeof__(*n), m))

struct hlist_node { struct hlist_node *next, **pprev; };
struct hlist_head { struct hlist_node *first; };
#define hlist_empty(h) (!(h)->first)
static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *h)
{
	n->next = h->first;
	if (n->next)
		n->next->pprev = &n->next;
	h->first = n;
	n->pprev = &h->first;
}

static inline void hlist_del(struct hlist_node *n)
{
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
}

#define hlist_entry_safe(p, type, m)					\
	({ __auto_type _p = (p); _p ? container_of(_p, type, m) : NULL; })
#define hlist_for_each_entry(p, h, m)					\
	for (p = hlist_entry_safe((h)->first, __typeof__(*p), m); p;	\
	     p = hlist_entry_safe(p->m.next, __typeof__(*p), m))
#define hlist_for_each_entry_from(p, m)					\
	for (; p; p = hlist_entry_safe(p->m.next, __typeof__(*p), m))

#endif
