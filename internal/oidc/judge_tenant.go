package oidc

import "strings"

// judgeTenant judges the issuer of a token that any Microsoft tenant may have
// sent. All tenants share one key set, so that the signature says nothing about
// the tenant: the issuer must be the one of the token's own tenant, and the key
// must be one that may sign for it (threat T-EASIE-04). Which tenant may come
// in is decided elsewhere.
func (j *judge) judgeTenant(claims object, key publicKey) error {
	tid := claims.text("tid")
	if err := j.check("tenant", tenantForm.MatchString(tid) && tid != consumerTenant,
		refusal{"iss", "tid of a company's tenant, in lower case", describe(claims["tid"])}); err != nil {
		return err
	}
	template := j.expect.Provider.Issuer
	want := strings.Replace(template, tenantPlace, tid, 1)
	iss := claims.text("iss")
	if err := j.check("issuer", strings.Contains(template, tenantPlace) && iss == want, refusal{"iss", want, describe(claims["iss"])}); err != nil {
		return err
	}
	if key.issuer != "" {
		signsFor := strings.Replace(key.issuer, tenantPlace, tid, 1)
		if err := j.check("key_issuer", signsFor == iss, refusal{"iss", signsFor, iss}); err != nil {
			return err
		}
	}
	j.identity.Issuer = iss
	j.fillTenant(claims)
	return nil
}

// fillTenant takes what Microsoft says about a person in a tenant that the
// issuer has confirmed.
func (j *judge) fillTenant(claims object) {
	j.identity.TenantID = claims.text("tid")
	j.identity.ObjectID = claims.text("oid")
	if v, there := claims["acct"]; there {
		j.identity.Acct = valueOf(v).Text
	}
}
