/// Keys that OpenSSL made for these tests, in each form that operators have. None is used elsewhere.
enum KeySamples {
    /// `openssl genrsa -traditional 2048`
    static let rsaPKCS1 = """
        -----BEGIN RSA PRIVATE KEY-----
        MIIEowIBAAKCAQEAoQDtt70V9EvOLf+PMGUcMPyP5mrvSdfQnpdhbtKDxjaxMvdP
        MTdMt8YKmeqkpEY1N71b5ETHho5YlHB/3Fm/1sJ/1LDJSX3c6mZAI9vfSyCIoVPj
        24cPJ+qfdHJuhNgGRGk4vM2R0FP4kmK3PWDN/soEhYhUsQRY1JZ/Ku1iHPKvHrUe
        TTbwLIebnKIeSG6Xoy+LdY0sCINv8Mx+YwQ9xX2CSYqWGA5yqZ5yb3uXJKHR5Lr/
        HyFhR4IK1jIC4KD0+jgZZQJ9Jxv3YdXP6qmNtJ8HHYr2RMAaWmqx8LgtIc3l9Zya
        DOaTceNaBIwnkfcTIYLk/KSSBbb9gINtBNOw3wIDAQABAoIBABVI/PnCYZF7Uhs1
        AuD4L7Vu4Qv/zXnFh9rnktB8EULA/pqJJSrnBNlI287vEpbLLK7yoErkfZJVkEgI
        5XEkBl97NZDQpxPJtCKNo7jPO80qqcArnzSUaEBeiCJ0xxVV7+IsclKiRL7g0xHF
        7jQK78DZmVEZWG+nQ6J7RlL5Bh8Nuqa61LK/JtqR6UrT6Rb7obB4jfyZiZvs6Hzh
        NeiRes29zLmPABYKs+IMoa6Mwvrm40iZjO7/unWALs+vLmMrWrc2y1oBSVIllkyC
        oNCiyBGxd+Vx+i7yipSOX5peK3xoJKfkR1qdyWu+ipkBDcgoXO2iPFOg3Z9P4pKr
        sO71brkCgYEA2IlAZ9wr50Ztn1lt0bQFVo7Mi+Ewv9LRUDfRyufSfn4a4UcmispL
        vqislEB4grv8Pu5z14iYY3EXmmLyj1HO7I9nWQwtqR20wW7t2nwZ5M+exan9WwGr
        ArwjEDiY/OuFcBH3zX8WNgMCJPsqlv4IkoDo8nsZwYbf1+9yRW1mj/kCgYEAvli+
        B9xli0c4M4XpFHLTD9JgX/ZQQMWYEiqx4kaBaN35LT+ZvxdKwSPFObW89DjsJYAr
        NQaIeckKpMWgBMfjYqHMEjZ9H4lCt4Y2+Pb8kZy84YeW+VjHK85LhveXLZM+b/MC
        lrPn2o3INIr4PvU5wEvYjbhpBSISkG+8MbO2LZcCgYEAs0y7WwTyCbjErw1DJUDW
        przp3O3kCwLLNYxzGHvrTbioE2ByJryqCb7r4HqeD0sP7SBQJenCnZ0YuUszpL9O
        A44fOpod+QpTEVUEeUUHv/K3et9unfv8mfAlbJog/FUdkhYexjd0sda94Ndlhc/m
        U0GRIrASPLCtC8YHLjwPkCkCgYAkzsJIgNz99tKuW+m7c4zO1W6ff+D69Xq3oJvv
        VpT1s17Y2iCf7CAfgwxDYZpdW5iGk+dHBLFlY3P0cubDpeeZjhIJP5IohAFrvb9p
        m1Ex0y5PKkoOg5VYKjc+rSgFvyBmw4YvoDBoedxKFMl2WzNEtSX2Gb/tJy6R0ZmB
        vu+ulwKBgFDisIK3n1684m2UdJSAAvNrRJ5rzGmFER3QydLgNn/65vggDXff6D48
        PZNSLsFMc5rZ0mxf/6cbAT+umewu32Hy911GvI3Z9o00ANx/tmajIp3lrUf4ETx/
        daidKFDj2Rf3g7brLaadJohfdni6pkAwY3CADfV8GKSFftJmu48L
        -----END RSA PRIVATE KEY-----
        """

    /// The same key by `openssl pkcs8 -topk8 -nocrypt`.
    static let rsaPKCS8 = """
        -----BEGIN PRIVATE KEY-----
        MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQChAO23vRX0S84t
        /48wZRww/I/mau9J19Cel2Fu0oPGNrEy908xN0y3xgqZ6qSkRjU3vVvkRMeGjliU
        cH/cWb/Wwn/UsMlJfdzqZkAj299LIIihU+Pbhw8n6p90cm6E2AZEaTi8zZHQU/iS
        Yrc9YM3+ygSFiFSxBFjUln8q7WIc8q8etR5NNvAsh5ucoh5IbpejL4t1jSwIg2/w
        zH5jBD3FfYJJipYYDnKpnnJve5ckodHkuv8fIWFHggrWMgLgoPT6OBllAn0nG/dh
        1c/qqY20nwcdivZEwBpaarHwuC0hzeX1nJoM5pNx41oEjCeR9xMhguT8pJIFtv2A
        g20E07DfAgMBAAECggEAFUj8+cJhkXtSGzUC4PgvtW7hC//NecWH2ueS0HwRQsD+
        moklKucE2Ujbzu8SlsssrvKgSuR9klWQSAjlcSQGX3s1kNCnE8m0Io2juM87zSqp
        wCufNJRoQF6IInTHFVXv4ixyUqJEvuDTEcXuNArvwNmZURlYb6dDontGUvkGHw26
        prrUsr8m2pHpStPpFvuhsHiN/JmJm+zofOE16JF6zb3MuY8AFgqz4gyhrozC+ubj
        SJmM7v+6dYAuz68uYytatzbLWgFJUiWWTIKg0KLIEbF35XH6LvKKlI5fml4rfGgk
        p+RHWp3Ja76KmQENyChc7aI8U6Ddn0/ikquw7vVuuQKBgQDYiUBn3CvnRm2fWW3R
        tAVWjsyL4TC/0tFQN9HK59J+fhrhRyaKyku+qKyUQHiCu/w+7nPXiJhjcReaYvKP
        Uc7sj2dZDC2pHbTBbu3afBnkz57Fqf1bAasCvCMQOJj864VwEffNfxY2AwIk+yqW
        /giSgOjyexnBht/X73JFbWaP+QKBgQC+WL4H3GWLRzgzhekUctMP0mBf9lBAxZgS
        KrHiRoFo3fktP5m/F0rBI8U5tbz0OOwlgCs1Boh5yQqkxaAEx+NiocwSNn0fiUK3
        hjb49vyRnLzhh5b5WMcrzkuG95ctkz5v8wKWs+fajcg0ivg+9TnAS9iNuGkFIhKQ
        b7wxs7YtlwKBgQCzTLtbBPIJuMSvDUMlQNamvOnc7eQLAss1jHMYe+tNuKgTYHIm
        vKoJvuvgep4PSw/tIFAl6cKdnRi5SzOkv04Djh86mh35ClMRVQR5RQe/8rd6326d
        +/yZ8CVsmiD8VR2SFh7GN3Sx1r3g12WFz+ZTQZEisBI8sK0LxgcuPA+QKQKBgCTO
        wkiA3P320q5b6btzjM7Vbp9/4Pr1eregm+9WlPWzXtjaIJ/sIB+DDENhml1bmIaT
        50cEsWVjc/Ry5sOl55mOEgk/kiiEAWu9v2mbUTHTLk8qSg6DlVgqNz6tKAW/IGbD
        hi+gMGh53EoUyXZbM0S1JfYZv+0nLpHRmYG+766XAoGAUOKwgrefXrzibZR0lIAC
        82tEnmvMaYURHdDJ0uA2f/rm+CANd9/oPjw9k1IuwUxzmtnSbF//pxsBP66Z7C7f
        YfL3XUa8jdn2jTQA3H+2ZqMineWtR/gRPH91qJ0oUOPZF/eDtustpp0miF92eLqm
        QDBjcIAN9XwYpIV+0ma7jws=
        -----END PRIVATE KEY-----
        """

    static let rsa1024 = """
        -----BEGIN RSA PRIVATE KEY-----
        MIICXwIBAAKBgQDuxm09oDB0wUkzn42I40VT2ApRnGG6kKU8ue9Bx1tlUcZjJq/a
        uW7r5lOYWZdRotl/BFMXsl1FyjJD4GTLlooXScNOw1mp7QalpYcKpno8K+rw6wKQ
        Rdl1H94BxCd2dNTebdgC4jlspDCwHveoCiFrfrmbqYENe4t9G1CU0fjN7wIDAQAB
        AoGBAOm/TJ/gmq8hrOShlG/mdS7wNqHQIof+JBR/vS462EkmtbzI2ayYjXLYJwvk
        4NKlRqAmfqWbEd5JY8249VOsin7/v5hGcm0awveGN4+AWHJD4fvKVluhugmeGQ4M
        /Zq+9G/4D9peZbmfYJQ9tsR+q4vjfuzDnOGz16iNfUHmxSWRAkEA984Q7MKG82n6
        ySsl3NHWjAOUz3KrHFkVVY+cE9IlfPet9OgIW0ZwSMAanmaR9jTD8/vl2dkfLdT9
        pzd72vbD+QJBAPar6dDyBwbgCn9Xwck1BYThjB/lFhf/asptYGrkmxeW5u5KTaZ1
        oROil0G5kOw3uVyw1jSeIzwdVwpBI0JvSycCQQDYtmvywoSGp65c89Ee9pwswo0H
        hv7Bwd54fyk95FBIo8qMHcgBGu7jkK02zfjkWmzsGOWAyPMNf/F8pXc5nQjxAkEA
        4IhV+jsEyG5RP98a51LbJjzEdxfpR4jYpVBwbnyO7CcRKCD8k6QJLj1W353RXCPR
        F51kLlswCX1PiGcIeGWkCwJBAJ/MNi6ZIVv/gH8O4mHd1vVtjtZ8jz810URhPH2k
        58hcv1+9/4JSv5jMgERTBbIlqtTkdUQs2NRvrkObdXWj9xw=
        -----END RSA PRIVATE KEY-----
        """

    static let rsa512 = """
        -----BEGIN RSA PRIVATE KEY-----
        MIIBOwIBAAJBALjns2reF+v1UsvNHdZ0rglRK78A1J0yfXg1CH7qKld281zxUqLN
        6VnNpqiV4P3rV7mLXlxwigC58kvZxOyhDEsCAwEAAQJATrGt1mm3XKEIH9yoOkFm
        YGi/aYb89forFCHd/8XBR3+KA0prUWh5n8UlcQileUct3f2XEXFhDAD/Hsh084f+
        QQIhAPVb+MGYhy61+RV3QcmsXbfe0mZTp43C5UGA3BJ5GghTAiEAwOyN9vUFdlCT
        ku9WA4yeVjKCJYfYRZTb0irHeW+gjSkCIQDNASmZaD4bE0SpYNmBDhnIFc8qXF81
        HVC8KFS4wqKzrQIhAKJlvi8XHAz3UPJL86yzLwnCJJnxGxWfc9cbWaSYWZ7ZAiA/
        XUto2BUOB6BiUQNOc9+MTy7ERA/yjI9QHdd2ck/G9Q==
        -----END RSA PRIVATE KEY-----
        """

    /// `openssl genpkey -algorithm ed25519`
    static let ed25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIKeeQkpuD4s3qt1chkN/NvdzgRTMsqSRlZmVXz28Y6aR
        -----END PRIVATE KEY-----
        """

    static let ecdsa = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEILau1hFTsxRHuB7VPFZGhH6qKjO8qBfNx4Cfsfu7ckTnoAoGCCqGSM49
        AwEHoUQDQgAED5C7GwCapdmM1gNugqJO3dFILtYU6knHcAzMNHsDdYRFrua2oNYc
        Bi+xhuxu3A5qk7IkE3M4UmitAHC40ZMXiw==
        -----END EC PRIVATE KEY-----
        """

    static let ecdsaPKCS8 = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtq7WEVOzFEe4HtU8
        VkaEfqoqM7yoF83HgJ+x+7tyROehRANCAAQPkLsbAJql2YzWA26Cok7d0Ugu1hTq
        ScdwDMw0ewN1hEWu5rag1hwGL7GG7G7cDmqTsiQTczhSaK0AcLjRkxeL
        -----END PRIVATE KEY-----
        """

    static let x25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VuBCIEINg+4bn3MYPVLaDV3OnN37xMFo8aFNu3MV3/QMqJRJJP
        -----END PRIVATE KEY-----
        """

    static let ed448 = """
        -----BEGIN PRIVATE KEY-----
        MEcCAQAwBQYDK2VxBDsEOcoS8GHR74WPtsQyg7dJ/BZmphh1/jQ7m0iWwdk/N9lZ
        +jFOEDIQMfX5I+GmhqVcKjijpBLRA5abIQ==
        -----END PRIVATE KEY-----
        """

    static let rsaPSS = """
        -----BEGIN PRIVATE KEY-----
        MIIEvAIBADALBgkqhkiG9w0BAQoEggSoMIIEpAIBAAKCAQEAq5YC+R4RiomNKtsz
        O91oMb/Zt1Jt7vSrtBv1XZ529c8xtPwaiAuZDSBs5t41Ol9QQE9pfNvHuXGU3y76
        PstBb1K3dyobANpiWU2RaztQrKRgpH+ja95RrVFKonhUxDrK6UcBxhuOl7tLrj6H
        5U1A62Jci3LDBEFcy+pGuIDK+Fe4fgfl+QKKPyGisdwwliwp7FUqcb144TgnU3DO
        mi6IbUGX+SYeu3d9Ym5Vyn8PvQ9XyolZcRf+A5MQWNYhWpZJurbvYatJcVPGxBe+
        syiy4fDXl0qPVUERpNX/qpvg+yvdwsnArDgmxmHYLCrA8ZBodcB5cYl7c8fYkFHU
        EXoGZQIDAQABAoIBABf3HFQyFG4elyZ4tjeyzWZBbwWxUCRzbPX7f7JDO0dK2Jz4
        JzaANDDGqh82wwVzoZBR5yBmzAcFK69ebtpNZkbHrVNKALqGRf1GHbz17GcokEz5
        fNhIlWzZMUzu9JvxwDyDy+YhHDHqGYBtQGrQ9vPJabaaYU2bWXwrrRQA/RhhYXQj
        BDn2Y0JPaUXbAcp+cnXcxf4Kbu09ajhf68o3ou3WaZBw19+UuY7NnAAne9zcwQR4
        XP4T00kbWwV4yFeF4AdStqlyys/BuRZNV2VHhfq7/maN/DUSd+Qv6DzjX+lys9CH
        UTMqdSvvCWm/dltL7lFfoUNAB7wRUFFQ3mLWxtMCgYEA4QUyhsEU0Tbq1jJXxEzA
        WmEH0Rd9xNw5GFM48+iuTFSxGIuBfrxkZ3GuCDAW4nCdOEMaToOHTLF6gbDbKbbl
        D0Cb3kslBqxYUKSHiazhilLPRDjGpPIO6V5fO84US3PMjqoX1yHodWdAZrztZzsU
        DGKKGduO8magvd417nlU4q8CgYEAwzWH2ZrGvnPFp3nKRIDKPnt64lQKyio2IKsN
        qSi9/ytrP3T1ij1lsplrDMRqGzGp6FfO/G20AWEf3f2br/4FZR8tQo7QT7P6Iyg8
        NyH3zrwFB/bQsV/OlIv/Iu2y0DkzOZVCHriJffwFrPu1qdinaY+SM19n7jFiGtT6
        qncf/SsCgYEAqxZNjWGe11efBA8w5iLJGa6ux87JpHUgwBr+sYzXgVffct8XLWpG
        GNS5UqZlr/OZxl5W0R12MNy8XYE/kZ7q2Ebye/i8hS9i0qXWG9qjfY1q498bQex9
        Y/iKBimxCpFYFZzEFaFFYoaH09WP1652ltgRUom6TRm028fpT5FW9icCgYBKy70E
        xMg3+zYVqJW2z74uWLPJ+rezpJ7ev4vZb/H0zpcmVlMqp8HKv/wDhVK+nrXif5qg
        oAwjpypFrcG0mllI2LxHz17D20sRo34HBe3keahX19s4y2PlCQs2P+uO2wvkmWsf
        SEfuTN2D3WJK9OeYi9lR89Fns+ZKL6boIALSxwKBgQC0G2eGnyZxZqjo/HnjtnPN
        3T2BDvOiAn+3Tm72HCGx/xXvZP1MUwfLxt5qC7GnjFiZmdap6/OC4OiLCvED1oUT
        yTI70j/BBX+PGRDHvpNoRMbLndGXK0yT1vF1hVBiVi8TgDrnHu6ZVdPLBoUdfPSn
        9GZ8aHeQT1S7SXWD3ycRXw==
        -----END PRIVATE KEY-----
        """

    static let encryptedPKCS1 = """
        -----BEGIN RSA PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-128-CBC,391BC256A1F06B4CEF7F745ADD5FE506

        48bN9kV4ciqO/zxn9fsAzrzxrbf1prj07QSrfdhNfiM3Myc/geDmeWwqoW0+USBm
        2UbmTRPt5mGMYFYT7KsKA+g/mDqLItp8QtlsRgzKSHF0dHLIhuINupL0NutS0N8l
        tCaNgz8rgbjycu6A/EJb0uLQ4CsfIoQqWwsO8hj8E339F27Sx1r3rVC7gqUNRA7S
        XD5zXdQ5dOPBiKattJz6aTadZcS1LpCzDQOYgwOz8/m/Ynj/DErNL4L1CdiT8HIs
        7WEs1P8wqircx+PxGvMOJ81pxmYUhzfQL+gaKfAK7IC4YFGLR8bQZUlauX2mXygU
        VMsK+UWuCvhoB6AwGHkFHxs9VwokT+Zg6npdVpqUMOGd0TA3wxtPMUeL8pqvfAWd
        bFU5YoWLodVUmBjE7DA1doDLTMw2RdZAfy6Z71ikWAAqoTWbEnfB8Eq2cJYafuMZ
        cPTEwRCbJy0U6eRKFA7bmOyk7M7xi85xfkY1qh7pWWg3YZoL9OvutCCyLhCAOy7W
        ySRH5X0eDkhEAZ6a6WMlHKlrLez53t2xmIOzptpuJHVLYmclCqpj657hB3tjLM+C
        1x2zFlCSc5OhL8N8a0+vwqXwdBRFLmhJC9h/DGOUTh2MtMf+906Hn86dkzUipmSl
        lm+Ruxa6ieXqoeRhoAYkRL6ub3EQza0QKjJiUh+NuN7MctHX5ieHNT5krzfT1Q9f
        mm6MM7fkScVU1RuLm3eLUUzpz6JoGYPIyYcUFmp9BI0R0NmLQ/AB4et8vVkBLgV+
        Y/n0PRrtu8Apg4vZqHnXhhSNblfkv9E9RUMAr3UYz6fMlvgz8O/0v0bsoJy3QuZg
        l07177xLZnTJWm4pmDfs9mIIXzuqUgusXYaiy68zhdEq3iy+M7YLi6Zng4yzktWC
        U4J9R4DwYkxxKERBSp3ya0ySt2OUONIV6BL3CZcYxlw+7K17SefCrh7oTLogbk2F
        le5lVNcUtgzJXcJa849NHTtfAYTr4Ok8bU5+546O3INjqmJppNcqiPkhLx5fd4qJ
        G2ug4U6XchTnwzN0q2/6ZWsWxBD/+v8XekkSC+2PbQpy3GsWUag3MH0dVuAA8UQS
        UJ6xUTbDfaLajI4u6ekV+8KNLUSXcJaqenhnREm/UU/5DmpaEx1suxsRzGfVN+kV
        gxMX/msvxYgsqOUF7Fh97fmFhnO7hp2CFWjp6xTPhUJhpWyHA1jqjGzLu183NaZu
        eP0i0axg9M8PJk/Lst90lScj53RfNurNxuH2WlolbVQx4dzKJHC6jVazp7g3vLjW
        +NPyhlHbpW+4QHIxMPRNWknrPQ/iuCNl0pNt1MqBHw75pPIA8xvUDuHuz+cnPYDP
        /kbQuDu6eNIiOhyZGD7GWq6KzPHb9VQ994/PVzfw1vOvjDdTeJIopxM53SKlRIg/
        7Kl4fLcBJXQKiIRic+b4CO3/the/FsfAoLKfM0vs6YjM5jp0dtTaiYhYCW03CFaq
        hY39fDwuJwxgZHHROVKV1OWr1Ruoh45u+ENerlybIS0LzPfZnN5XZKq2yZcx1Zl0
        zrGPKNJ/wgzmbY5bim+0mroyjf27tN2hTLD1Na+5GQ3WBYFnQ8qunTOX4XcRunOI
        -----END RSA PRIVATE KEY-----
        """

    static let encryptedPKCS8 = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIFnoZVevO/ToCAggA
        MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBAz5/wrh6wmEy9vwCeoZn0RBIIE
        0FxeuP0R/X34Qc3smXgHa9U2lJpU/1t1bVFzJ/vNLCdM5PoHxJ44gjb7PG9CbbzQ
        Nj6U6R6TmwuJXMRhb8UBmsL0gCXKuXfNDckS9futZHKnRILubk18zf3/IOnE8iZQ
        WoZsb8yJ5URuczdAo0RbT3NWKlinGjO/0iMRngyXeKrMKCwAh357Gq794IaTgWAC
        BPSm4yf7/7N5GXbSFYtWqPuK5fZlhFYd+Py8BjkRRG42pNF8S/b84rqBk3jQ7KCD
        iYcZK4okCSazXF7QfyiRQpJdvMMQmcJiyX+obPbA+q3ObppYZ5vOs+Y+OrFEG5my
        5xhz7KqDvmSZ8PM6ZSCQqvaXf48cTWHLug1Hle+rngWF0lstmMBJU4RJH6yfEE1K
        JXScZVTemcPmC0cewH2Fx1/ZCYr4RmlgkeJ0pFAckvirXfHE9AcmOI9vpGLA2MvU
        ur5pYjD/tnJlzyNTcNG+mMjh093Weq9QQYcMU2LoAZY0cR+uTSE+/CysPtdn20Mv
        5rZuQxUf7c3h9bdCf92RqpH573Ak6XnwmJ6tQNWtbN5KYSPOtoYllzjOGZX7RnUA
        +0XLIUP+GOG4KjeJAAlUZdst7bUFqQj9HfW65BntXPoHQ1mioeMWNQ+xS0Vc6qL4
        +6/k+uzsc9IrwWR+9/gw9ifW8zZgmZdujGMcxfwuotKKd1pLtp4SbOUJOPQrjwpm
        7UFu60L9RLDJN5nZVzr8HXZbb9nQcuwsNILkqGGsBVnoQBfh9mZc2bmof1tJ2vRH
        uB1pHm7jrrdqSA3qNvefZcYNglZ6azFqeE7dFMbF3rQ/C9fOD5G4YneciPJ8Kmac
        inKS5aZPeGpK1t8MOeZ+QnjOUSAjW2qhI0iji2+YkNXfCKMpEq2EQ17VTM31qKBD
        zHlBwy3uZXrLKUexGDvF+Vwd+20G1gQpoZiCBxERq5oYpc0TRufgAEpbvULSpRA5
        dPV1pK487hufRTsRvUD60k/csnkT4+YYqhTZr7e8LYZqGlRaHFv+vbYF6Ss1Ry1S
        F7ukLphQvbq1R6vClDBhPqiEC3AEhLuRdVKvaAsbfKuHQGCwORloDDoD5h6ROIIN
        3VlP0XvqMS2XcaHFfLQU46Ng3x55TF7ZRlFhVc7tbMc5vczojuzPydN+cqiE66iA
        iH5Yj8SqjQ62ZmaerCWsiDVvmtJyjYn7/Jwim95JJk4i6YYTjykv6nuEqvU6DcfU
        y/AfOQMKzrZp1DG99/PnRHLgxtyXqsBeNeL7le1OxRPLvfyLDopBlmDWdn76gPzI
        SvnopnQI27d9xqg5S1xfA4Dp6FxjogRlqgiN4sDpkteCZ6B0xISDunjc6FIXq7JF
        yA0gGvpnBB53deoe3MSVqhGng+LTzT5lJ5CE9EvwmGdSbTvnO6d8H7B2j+M46GwX
        tD24CGDBW51UIqfSy+Eer9D8tGFsuFZfIXYV4haUP0e/BmQJrcH727zzT3Waoiln
        Vv+zeaG4dRF6DgIGw7kmPVu29Flo7p+K73fT67muYpW8QaBwW4x4Q9lwYNZQHZM/
        7O9+wYAE3j8AmI9pEI8bSgzUkcUj/JSLt06SLAmv7OoXRW10GNBMca2jQ5bGo8TI
        /pzxPwMAi8gcA/OsFWgYeq3SkBG5AHm3Lgk1AbXnL+ax
        -----END ENCRYPTED PRIVATE KEY-----
        """

    static let rsaPublic = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoQDtt70V9EvOLf+PMGUc
        MPyP5mrvSdfQnpdhbtKDxjaxMvdPMTdMt8YKmeqkpEY1N71b5ETHho5YlHB/3Fm/
        1sJ/1LDJSX3c6mZAI9vfSyCIoVPj24cPJ+qfdHJuhNgGRGk4vM2R0FP4kmK3PWDN
        /soEhYhUsQRY1JZ/Ku1iHPKvHrUeTTbwLIebnKIeSG6Xoy+LdY0sCINv8Mx+YwQ9
        xX2CSYqWGA5yqZ5yb3uXJKHR5Lr/HyFhR4IK1jIC4KD0+jgZZQJ9Jxv3YdXP6qmN
        tJ8HHYr2RMAaWmqx8LgtIc3l9ZyaDOaTceNaBIwnkfcTIYLk/KSSBbb9gINtBNOw
        3wIDAQAB
        -----END PUBLIC KEY-----
        """

    /// The public half of the RSA key, by `openssl rsa -pubout -outform DER`.
    static let rsaPublicBase64 =
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoQDtt70V9EvOLf+PMGUcMPyP5mrvSdfQnpdhbtKDxjaxMv"
        + "dPMTdMt8YKmeqkpEY1N71b5ETHho5YlHB/3Fm/1sJ/1LDJSX3c6mZAI9vfSyCIoVPj24cPJ+qfdHJuhNgGRGk4vM2R"
        + "0FP4kmK3PWDN/soEhYhUsQRY1JZ/Ku1iHPKvHrUeTTbwLIebnKIeSG6Xoy+LdY0sCINv8Mx+YwQ9xX2CSYqWGA5yqZ"
        + "5yb3uXJKHR5Lr/HyFhR4IK1jIC4KD0+jgZZQJ9Jxv3YdXP6qmNtJ8HHYr2RMAaWmqx8LgtIc3l9ZyaDOaTceNaBIwn"
        + "kfcTIYLk/KSSBbb9gINtBNOw3wIDAQAB"

    /// The public half of the Ed25519 key, by `openssl pkey -pubout`.
    static let ed25519PublicBase64 = "KFqsks02ayRxloibXJsyszDTzMDqozs3zCozYA/dcew="
}
